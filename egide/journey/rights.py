"""Persons' rights: an objection takes effect from the next query on, and leaves no public trace of who objected."""

from collections.abc import Iterable

from egide.journey import identity
from egide.journey.access import model_of_dataset
from egide.journey.exclusions import exclusion_version, ids_of
from egide.journey.record import recorded
from egide.model.errors import BadInput
from egide.model.event import EventKind
from egide.model.records import ExclusionRow, HolderRow
from egide.model.table import DataClass, Domain
from egide.wiring import Hub

Told = dict[str, object]


def object_(hub: Hub, lines: Iterable[str], *, dataset: str) -> Told:
    """Adds persons to the exclusion list, a new version of it for all lines together.

    A line is what the holder sends of a person who objects: `PSA,RANK` for the SNDS, the stage-1 pseudonym alone for
    other holders; a header line is passed over. Raises BadInput naming the line that has another form."""
    row = hub.dataset(dataset)
    holder = hub.records.get(HolderRow, row.holder)
    assert holder is not None
    persons = _persons(hub, dataset, holder.domain, DataClass(row.data_class), list(lines))
    held = {e.person for e in hub.records.where(ExclusionRow)}
    fresh = sorted(persons - held)
    version = exclusion_version(hub) + (1 if fresh else 0)
    if fresh:
        with recorded(hub, EventKind.RECORDS_CHANGED, what="exclusion list", version=version):
            hub.records.add_all([ExclusionRow(person, version) for person in fresh])
    return {"dataset": dataset, "added": len(fresh), "exclusions": version}


def _persons(hub: Hub, dataset: str, domain: str, data_class: DataClass, lines: list[str]) -> set[str]:
    """The hub's ids of these persons, and of whoever cannot be told from them."""
    pseudonymise = identity.pseudonymiser(hub, domain, data_class)
    if any(t.person.by == "stage1" for t in model_of_dataset(hub, dataset).tables.values()):
        values = [line.strip() for line in lines if line.strip() and not line.startswith("PERSON_PSEUDONYM")]
        return {p.hex() for p in pseudonymise(values, str(Domain.STAGE1))}
    pairs = [
        _pair(number, line)
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.startswith("BEN_NIR_PSA")
    ]
    psas = pseudonymise([psa for psa, _ in pairs], str(Domain.PSA))
    asked = [(psa, rank) for psa, (_, rank) in zip(psas, pairs, strict=True)]
    return ids_of(asked, identity.load(hub, dataset), pseudonymise)


def _pair(number: int, line: str) -> tuple[str, int]:
    psa, _, rank = line.strip().partition(",")
    if not psa.strip() or not rank.strip().isdecimal():
        raise BadInput("rights.line", line=number)
    return psa.strip(), int(rank)
