"""Whom an objection covers: every id under which the hub knows, knew or may yet know the person who objects.

A person's id may change once, when their stable pseudonym becomes known, and rows that came before keep the id of the
day. So an objection covers the whole group of ids that the correspondence table ties together, and whenever a register
ties more of them, the objection follows.
"""

from collections import defaultdict

from egide.frame.persons import Identity
from egide.journey.record import note
from egide.model.event import EventKind
from egide.model.records import ExclusionRow
from egide.stages.pseudonymise.at_hub import Pseudonymise
from egide.wiring import Hub

Pair = tuple[bytes, int]  # a source pseudonym under the hub's secret, and its rank


def exclusion_version(hub: Hub) -> int:
    """The version of the exclusion list in force; 0 before anybody objected."""
    return max((row.since for row in hub.records.where(ExclusionRow)), default=0)


def ids_of(pairs: list[Pair], known: Identity, pseudonymise: Pseudonymise) -> set[str]:
    """Every id of the persons of these pairs, and of whoever cannot be told from them: a pseudonym without its rank."""
    asked = {known.person(*pair) for pair in pairs} - {None}
    tied = [(link.psa, link.rank) for link in known.links() if link.person in asked]
    found = {person.hex() for person in asked if person is not None}
    for by_pair, unsure in _by_form([*pairs, *tied], pseudonymise):
        found |= {by_pair, unsure}
    return found


def follow(hub: Hub, known: Identity, pseudonymise: Pseudonymise) -> None:
    """Adds the ids that a register newly ties to persons who object. Call inside a change of the records."""
    held = {row.person for row in hub.records.where(ExclusionRow)}
    if not held:
        return
    links = known.links()
    forms = _by_form([(link.psa, link.rank) for link in links], pseudonymise)
    groups: dict[str, set[str]] = defaultdict(set)
    objecting = set()
    for link, (by_pair, unsure) in zip(links, forms, strict=True):
        person = link.person.hex()
        groups[person] |= {person, by_pair, unsure}
        if held & {person, by_pair}:
            objecting.add(person)
    if fresh := sorted(set().union(*(groups[person] for person in objecting)) - held):
        version = exclusion_version(hub) + 1
        hub.records.add_all([ExclusionRow(person, version) for person in fresh])
        note(hub, EventKind.RECORDS_CHANGED, what="exclusion list", version=version)


def _by_form(pairs: list[Pair], pseudonymise: Pseudonymise) -> list[tuple[str, str]]:
    """The ids that each pair has where no stable pseudonym names its person: with its rank, and without."""
    ranked = pseudonymise([f"{psa.hex()}/{rank}" for psa, rank in pairs], "person")
    alone = pseudonymise([f"{psa.hex()}/?" for psa, _ in pairs], "person")
    return [(a.hex(), b.hex()) for a, b in zip(ranked, alone, strict=True)]
