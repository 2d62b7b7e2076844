"""Permit + snapshot - exclusion list = view: what a researcher's SQL gets to see, ready to be fed."""

from collections.abc import Mapping
from dataclasses import dataclass

from egide.journey.access import model_of_dataset, permit_named
from egide.journey.exclusions import exclusion_version
from egide.journey.known import head_named, head_of, snapshot_key
from egide.model.errors import Denied
from egide.model.permit import Terms, terms_of
from egide.model.query import ViewTable
from egide.model.records import ExclusionRow, PermitRow
from egide.model.sealed import Entry, Role
from egide.model.snapshot import Head
from egide.ports.engine import Feed
from egide.ports.lake import Lake
from egide.stages.permit import rekeyed, view_of, wanted
from egide.stages.permit.view import PERSON_ID, population_sql
from egide.stages.seal.snapshot import read_entries, read_root
from egide.wiring import Hub, open_lake

REGISTER = "IR_BEN_R"


@dataclass(frozen=True)
class PermitView:
    """Everything that one query of a permit may touch, and what its answer must cite."""

    permit: PermitRow
    terms: Terms
    tables: Mapping[str, ViewTable]
    feeds: Mapping[str, Feed]
    snapshot: str
    exclusions: int
    data_class: str


def view(hub: Hub, permit: str) -> PermitView:
    """Builds the view of a permit on its snapshot, or on the latest. Raises Tampered when the snapshot lies."""
    row = permit_named(hub, permit)
    terms = terms_of(row.terms)
    head = head_named(hub, terms.snapshot) if terms.snapshot else head_of(hub, terms.dataset)
    if head is None:
        raise Denied("permit.no-dataset", dataset=terms.dataset)
    entries = _entries(hub, terms, head)
    lake = open_lake(hub, head.dataset, entries)
    version = exclusion_version(hub)
    tables, feeds = _tables(hub, row, terms, lake, entries)
    dataset = hub.dataset(terms.dataset)
    return PermitView(row, terms, tables, feeds, head.name, version, dataset.data_class)


def _entries(hub: Hub, terms: Terms, head: Head) -> list[Entry]:
    root = read_root(head, hub.id, hub.store, hub.key_of, snapshot_key(hub))
    needed = terms if terms.population.everybody else _with_register(terms)
    found = read_entries(root, hub.store, hub.key_of, lambda p: wanted(needed, p))
    return [e for e in found if e.role is Role.PART]


def _with_register(terms: Terms) -> Terms:
    from dataclasses import replace

    return replace(terms, tables={**terms.tables, REGISTER: terms.tables.get(REGISTER, ())})


def _tables(
    hub: Hub, row: PermitRow, terms: Terms, lake: Lake, entries: list[Entry]
) -> tuple[dict[str, ViewTable], dict[str, Feed]]:
    model = model_of_dataset(hub, terms.dataset)
    key = hub.keys.secret(f"permit/{row.id}", create=True)
    objects: dict[str, list[str]] = {}
    for entry in entries:
        objects.setdefault(entry.table, []).append(entry.object)
    excluded = lake.persons(
        "egide_excluded", [bytes.fromhex(e.person) for e in hub.records.where(ExclusionRow)]
    )
    population = (
        None
        if terms.population.everybody
        else population_sql(terms.population, lake.scan(objects.get(REGISTER, [])))
    )
    tables, feeds = {}, {}
    for name in terms.all_tables():
        if name not in objects:
            continue
        scan = lake.scan(objects[name])
        shown = view_of(terms, model.tables[name], scan, set(lake.columns(scan)), excluded, population)
        transforms = {PERSON_ID: rekeyed(None, key)} | {
            c.name: keyed for c in shown.columns if (keyed := rekeyed(c, key)) is not None
        }
        tables[name] = shown.table
        feeds[name] = lake.feed(shown.relation, transforms)
    return tables, feeds
