"""What a query's answer may show: recognised aggregates, by cells of enough persons (docs/disclosure.md).

`recognise` turns a checked SELECT into guarded SQL whose answer counts persons beside each cell; `suppress` turns that
answer into what may be printed. Source of the rules: SACRO's (threshold, p % and n-k rules for dominance), and Hundepool
et al., Handbook on Statistical Disclosure Control (2010), chapter 4, for secondary suppression.
"""

from egide.rules.disclosure.guarded import Guarded, NotRecognised, Policy
from egide.rules.disclosure.protect import Cell, protect
from egide.rules.disclosure.recognise import recognise, with_persons
from egide.rules.disclosure.suppress import suppress

__all__ = ["Cell", "Guarded", "NotRecognised", "Policy", "protect", "recognise", "suppress", "with_persons"]
