"""The two reports that stand alone: what became of a delivery, and what the demo did.

Each is one HTML file that can be kept, mailed and opened without the hub; it runs no script and asks for no address.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from egide.portal.page import page


class StepFigures(TypedDict, total=False):
    step: str  # init, synth, deliver, catalogue, authorise, query, review, release, verify: told by portal.step-*
    seconds: float


class QueryFigures(TypedDict, total=False):
    sql: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]  # None where a cell is hidden


class ReviewFigures(TypedDict, total=False):
    by: str
    decision: str
    at: str


class PermitFigures(TypedDict, total=False):
    project: str
    purpose: str
    tables: Sequence[str]
    years: str
    threshold: int
    end: str
    opinions: Sequence[str]  # who gave a favourable one
    authority: str


class HostFigures(TypedDict, total=False):
    sizes: Mapping[int, int]  # size of an object in bytes -> how many have it
    example: str  # name of one object


class DemoFigures(TypedDict, total=False):
    """What `egide demo --json` prints, and under `told` what only the report tells."""

    people: int
    deliveries: int
    rows_in: int
    rows_accepted: int
    rows_flagged: int
    rows_quarantined: int
    objects: int
    bytes_plain: int
    bytes_sealed: int
    snapshot: str
    permit: str
    query_rows: int
    outputs_released: int
    cells_suppressed: int
    ledger_size: int
    ledger_verified: bool
    seconds: float
    steps: Sequence[StepFigures]
    tables: Sequence[Mapping[str, Any]]  # as in a delivery report, all deliveries together
    host: HostFigures
    terms: PermitFigures
    query: QueryFigures
    reviews: Sequence[ReviewFigures]
    events: Mapping[str, int]  # kind of event -> how many


def render_delivery_report(
    report: Mapping[str, Any], lang: str, *, alone: bool = True, path: str = ""
) -> str:
    """A delivery's report (`DeliveryReport.as_json`) as one HTML page."""
    return page("delivery.html", lang, alone=alone, path=path, report=report, rules=_rules(report))


def render_demo_report(figures: Mapping[str, Any], lang: str, *, alone: bool = True, path: str = "") -> str:
    """The demo, told to somebody who has never seen a health database. Parts without figures are left out."""
    told: dict[str, Any] = {"steps": (), "tables": (), "reviews": (), "events": {}, **figures}
    for part, typed in (("host", HostFigures), ("terms", PermitFigures), ("query", QueryFigures)):
        told[part] = dict.fromkeys(typed.__annotations__) | dict(figures.get(part, {}))
    return page("demo.html", lang, alone=alone, path=path, f=told)


def _rules(report: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Each rule with its severity and its rows over all tables, the gravest and most frequent first."""
    rows: Counter[tuple[str, str]] = Counter()
    for table in report["tables"]:
        for rule in table["rules"]:
            rows[rule["severity"], rule["rule"]] += rule["rows"]
    order = ("refuse", "flag", "note")
    return sorted(((r, s, n) for (s, r), n in rows.items()), key=lambda x: (order.index(x[1]), -x[2], x[0]))
