"""Catalogue: what we hold, since when, from whom. Between the sealed data and those who ask for it.

A column's profile is computed while its rows pass by, and says nothing that fewer than eleven persons share.
"""

from egide.stages.catalogue.entries import dataset_entry, table_entry
from egide.stages.catalogue.profile import Profiler
from egide.stages.catalogue.search import Hit, Index, Topic, topics

__all__ = ["Hit", "Index", "Profiler", "Topic", "dataset_entry", "table_entry", "topics"]
