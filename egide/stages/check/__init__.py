"""Second stage: shape, types, codes, keys. Every row that goes in comes out, accepted or with a reason."""

from egide.stages.check.parse import TableChecker, columns_of

__all__ = ["TableChecker", "columns_of"]
