"""Which address shows what. A `Site` answers requests without a socket, so that each page can be tested alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from egide.model.catalogue import DatasetEntry
from egide.model.messages import LANGUAGES
from egide.portal.page import page, stylesheet
from egide.portal.reports import render_delivery_report, render_demo_report
from egide.portal.search import Finder
from egide.portal.source import Pages

HTML = "text/html; charset=utf-8"
PAGE = 200  # rows of a list at most


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes = field(repr=False)
    kind: str = HTML
    headers: Mapping[str, str] = field(default_factory=dict)


class Site:
    """The pages of one hub."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self._finder = Finder(pages)

    def get(self, path: str, asked: Mapping[str, str] | None = None, accepts: str = "") -> Response:
        """The answer to GET `path` with the query's fields; `accepts` is the Accept-Language header."""
        parts = [p for p in path.split("/") if p]
        if path == "/static/theme.css":
            return Response(200, stylesheet().encode(), "text/css; charset=utf-8")
        if not parts:
            return _elsewhere(f"/{preferred(accepts)}/")
        if parts[0] not in LANGUAGES:
            return self._missing(preferred(accepts))
        if not path.endswith("/"):
            return _elsewhere("/" + "/".join(parts) + "/") if _plain(parts) else self._missing(parts[0])
        return self._page(parts[0], parts[1:], asked or {})

    def _page(self, lang: str, parts: list[str], asked: Mapping[str, str]) -> Response:
        shown = self._sections().get(parts[0] if parts else "")
        try:
            html = shown(lang, parts[1:], asked) if shown else None
        except KeyError:  # no dataset, table, column or delivery of that name
            html = None
        return self._missing(lang) if html is None else Response(200, html.encode())

    def _sections(self) -> dict[str, Callable[[str, list[str], Mapping[str, str]], str | None]]:
        return {
            "": self._home,
            "catalogue": self._catalogue,
            "deliveries": self._deliveries,
            "projects": self._projects,
            "ledger": self._ledger,
            "report": self._report,
        }

    def _home(self, lang: str, rest: list[str], asked: Mapping[str, str]) -> str | None:
        if rest:
            return None
        return page(
            "home.html",
            lang,
            datasets=self.pages.datasets(),
            tables=sum(len(d.tables) for d in self.pages.datasets()),
            permits=self.pages.permits(),
            ledger=self.pages.ledger(),
            deliveries=self.pages.deliveries(),
            report=self.pages.report(),
        )

    def _catalogue(self, lang: str, rest: list[str], asked: Mapping[str, str]) -> str | None:
        if not rest:
            return self._search(lang, asked.get("q", "").strip()[:100])
        dataset = self._dataset(rest[0])
        path = "catalogue/" + "/".join(rest) + "/"
        if len(rest) == 1:
            return page("dataset.html", lang, path=path, dataset=dataset)
        table = self.pages.table(dataset.id, rest[1])
        if len(rest) == 2:
            return page("table.html", lang, path=path, dataset=dataset, table=table)
        if len(rest) == 3:
            column = table.column(rest[2])
            labels = self._finder.labels(column.codes)
            return page(
                "column.html", lang, path=path, dataset=dataset, table=table, column=column, labels=labels
            )
        return None

    def _search(self, lang: str, query: str) -> str:
        hits = self._finder.search(query, lang) if query else []
        return page(
            "catalogue.html",
            lang,
            path="catalogue/",
            query=query,
            hits=hits,
            datasets=self.pages.datasets(),
            holders={h.id: h for h in self.pages.holders()},
        )

    def _dataset(self, name: str) -> DatasetEntry:
        return {d.id: d for d in self.pages.datasets()}[name]

    def _deliveries(self, lang: str, rest: list[str], asked: Mapping[str, str]) -> str | None:
        known = self.pages.deliveries()
        if not rest:
            return page("deliveries.html", lang, path="deliveries/", deliveries=known[:PAGE])
        if len(rest) > 1:
            return None
        report = {str(d["delivery"]): d for d in known}[rest[0]]
        return render_delivery_report(report, lang, alone=False, path=f"deliveries/{rest[0]}/")

    def _projects(self, lang: str, rest: list[str], asked: Mapping[str, str]) -> str | None:
        permits = {p.id: p for p in self.pages.permits()}
        if not rest:
            return page(
                "projects.html", lang, path="projects/", projects=self.pages.projects(), permits=permits
            )
        if len(rest) > 1:
            return None
        return page("permit.html", lang, path=f"projects/{rest[0]}/", permit=permits[rest[0]])

    def _ledger(self, lang: str, rest: list[str], asked: Mapping[str, str]) -> str | None:
        return None if rest else page("ledger.html", lang, path="ledger/", ledger=self.pages.ledger())

    def _report(self, lang: str, rest: list[str], asked: Mapping[str, str]) -> str | None:
        figures = self.pages.report()
        if rest or figures is None:
            return None
        return render_demo_report(figures, lang, alone=False, path="report/")

    def _missing(self, lang: str) -> Response:
        return Response(404, page("missing.html", lang).encode())


def preferred(accepts: str) -> str:
    """The first of our languages in an Accept-Language header, else French."""
    for part in accepts.lower().split(","):
        if (code := part.strip()[:2]) in LANGUAGES:
            return code
    return "fr"


def _plain(parts: list[str]) -> bool:
    """Whether these parts can stand in a Location header."""
    return all(p.isascii() and p.isprintable() and ".." not in p for p in parts)


def _elsewhere(path: str) -> Response:
    return Response(302, b"", headers={"Location": path})
