"""What SQL a researcher may write: one SELECT over the permit's tables, made of parts that can read nothing else.

An allow-list: whatever is not named in `grammar.py` and `functions.toml` is refused. It is the first of two walls; the
engine's fence holds alone when this one is switched off (docs/sql.md).
"""

from egide.rules.sql.check import CheckedQuery, check
from egide.rules.sql.functions import Functions, functions

__all__ = ["CheckedQuery", "Functions", "check", "functions"]
