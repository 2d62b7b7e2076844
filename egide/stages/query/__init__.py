"""A researcher's SQL: allowed by grammar, run over feeds, answered as it is (C0) or as a checked table."""

from egide.stages.query.ask import ask_checked, ask_plain

__all__ = ["ask_checked", "ask_plain"]
