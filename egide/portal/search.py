"""The catalogue's search as the pages use it: built at the first question, and again when the catalogue changed."""

from collections.abc import Mapping

from egide.model.catalogue import DatasetEntry
from egide.portal.source import Pages
from egide.stages.catalogue import Hit, Index, topics


class Finder:
    """Searches the catalogue of a hub, and knows the labels of its codes."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._seen: tuple[DatasetEntry, ...] | None = None
        self._index = Index(())

    def search(self, query: str, lang: str) -> list[Hit]:
        datasets = tuple(self._pages.datasets())
        if datasets != self._seen:
            self._index = Index(topics(self._pages.holders(), datasets, self._pages.code_lists()))
            self._seen = datasets
        return self._index.search(query, lang)

    def labels(self, codes: str | None) -> Mapping[str, str]:
        """The labels of a code list, or none."""
        return next((c.labels_fr for c in self._pages.code_lists() if c.name == codes), {})
