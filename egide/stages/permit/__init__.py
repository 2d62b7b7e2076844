"""What a permit shows: rows and columns cut to its terms, identifiers keyed once more so that no two projects meet."""

from egide.stages.permit.rekey import rekeyed
from egide.stages.permit.view import View, view_of, wanted

__all__ = ["View", "rekeyed", "view_of", "wanted"]
