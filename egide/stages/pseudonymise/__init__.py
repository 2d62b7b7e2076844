"""Third stage: direct identifiers leave the story here.

Stage 1 (`at_holder`) is the holder's: a NIR becomes a pseudonym of its linkage domain before anything is sent.
Stage 2 (`at_hub`) is the hub's: every source pseudonym becomes the hub's own, and each row learns its PERSON_ID.
"""

from egide.stages.pseudonymise.at_holder import renamed, replace_nirs
from egide.stages.pseudonymise.at_hub import SecondStage

__all__ = ["SecondStage", "renamed", "replace_nirs"]
