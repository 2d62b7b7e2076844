"""Égide: a sovereign, self-hostable health data hub whose host is blind.

Start with `egide.journey`: the stages in the order in which the data meets them.
"""

__version__ = "0.1.0"
FORMAT = "egide/1"
