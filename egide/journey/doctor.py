"""Is all well? What a crash or a hand left behind is named, and what can be cleaned is cleaned on request.

Only what nothing can need is ever cleaned: objects and keys that no snapshot names (when every snapshot could be
read), temporary files and folders whose process is gone. Data that are missing or altered are for an operator.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from egide.journey.known import snapshot_key
from egide.journey.record import recorded, verify_ledger
from egide.model.errors import HubError, Tampered
from egide.model.event import EventKind, Leaf
from egide.model.messages import say
from egide.model.records import KeyRow, SnapshotRow
from egide.model.snapshot import Head, PartRef
from egide.ports.store import TidyStore
from egide.stages.seal.snapshot import read_entries, read_root
from egide.wiring import IDENTITIES, KEYRING, PASSPHRASE, RECORDS, Hub

FREE_LEAST = 1 << 30  # bytes: less free than this on the disk of home or store is said
Told = dict[str, object]


@dataclass(frozen=True)
class Problem:
    """Something found. `kind` is a key of messages/doctor.toml; `what` names it; neither is a person's data."""

    kind: str
    what: str
    facts: dict[str, object] = field(default_factory=dict)

    def told(self) -> Told:
        return {
            "problem": self.kind,
            "what": self.what,
            "message": say(f"doctor.{self.kind}", None, what=self.what, **self.facts),
        }


@dataclass
class Needed:
    """What the snapshots name. `whole` is False when one could not be read: then nothing counts as unneeded."""

    objects: dict[str, int] = field(default_factory=dict)  # name -> size, 0 where no manifest states it
    keys: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def add(self, name: str, size: int, key_id: str) -> None:
        self.objects[name] = size
        self.keys.add(key_id)

    @property
    def whole(self) -> bool:
        return not self.problems


def doctor(hub: Hub, *, clean: bool = False) -> Told:
    """Problems that remain, what was cleaned, and what an operator should know.

    Names what it finds instead of raising. With `clean`, raises Denied (delivery.busy) while another process writes,
    Unreachable when the home takes no writes; without, it then says that leftovers were not looked for."""
    try:
        with hub.writing():
            needed = _needed(hub)
            found = [*_unneeded(hub, needed), *_leftovers(hub), *_temporary(hub)]
            failed = _clean(hub, found) if clean else found
        notes = []
    except HubError as problem:
        if clean:
            raise
        needed, found, failed = _needed(hub), [], []
        notes = [say("doctor.not-looked", None, reason=problem)]
    cleaned = [p for p in found if p not in failed]
    problems = [*failed, *needed.problems, *_absent(hub, needed), *_around(hub)]
    return {
        "problems": [p.told() for p in problems],
        "cleaned": [p.told() for p in cleaned],
        "notes": [*notes, *_notes(hub)],
    }


def _needed(hub: Hub) -> Needed:
    """Reads every root of every snapshot, and every manifest part once, however many snapshots share it."""
    needed = Needed()
    key = snapshot_key(hub)
    for row in hub.records.where(SnapshotRow):
        head = Head(row.dataset, row.sequence, row.root, row.key_id)
        needed.add(head.root, 0, head.key_id)
        try:
            root = read_root(head, hub.id, hub.store, hub.key_of, key)
            fresh = {part.object for part in root.parts} - needed.objects.keys()
            for part in root.parts:
                needed.add(part.object, part.size, part.key_id)
            for entry in read_entries(root, hub.store, hub.key_of, partial(_is_one_of, fresh)):
                needed.add(entry.object, entry.size, entry.key_id)
        except HubError as problem:
            what = f"{head.dataset}@{head.sequence}"
            needed.problems.append(Problem("snapshot", what, {"reason": problem}))
    return needed


def _is_one_of(names: set[str], part: PartRef) -> bool:
    return part.object in names


def _unneeded(hub: Hub, needed: Needed) -> Iterator[Problem]:
    """Objects of a delivery that ended before its commit: without a key, nobody can open them. Keys likewise."""
    if not needed.whole:
        return
    for name in _stored(hub):
        if name not in needed.objects:
            yield Problem("orphan", name)
    for row in hub.records.where(KeyRow):
        if row.key_id not in needed.keys:
            yield Problem("orphan-key", row.key_id)


def _stored(hub: Hub) -> list[str]:
    try:
        return sorted(hub.store.names())
    except HubError:
        return []  # what keeps the store from answering is said by `_store`


def _leftovers(hub: Hub) -> list[Problem]:
    if not isinstance(hub.store, TidyStore):
        return []
    try:
        return [Problem("leftover", name) for name in hub.store.leftovers()]
    except HubError:
        return []


def _temporary(hub: Hub) -> list[Problem]:
    """Folders of processes that are gone. Their content is sealed under keys that died with them."""
    return [Problem("temporary", name) for name in hub.scratch.abandoned()]


def _clean(hub: Hub, found: list[Problem]) -> list[Problem]:
    """Cleans, and returns what could not be."""
    keys = [p for p in found if p.kind == "orphan-key"]
    failed = [p for p in found if p.kind != "orphan-key" and not _cleaned(hub, p)]
    if len(failed) < len(found):
        with recorded(hub, EventKind.DOCTOR_CLEANED, things=len(found) - len(failed)):
            for problem in keys:
                hub.records.remove(KeyRow, key_id=problem.what)
    return failed


def _cleaned(hub: Hub, problem: Problem) -> bool:
    how: dict[str, Callable[[], object]] = {
        "orphan": lambda: hub.store.delete(problem.what),
        "leftover": lambda: isinstance(hub.store, TidyStore) and hub.store.clean(),
        "temporary": lambda: hub.scratch.remove(problem.what),
    }
    try:
        how[problem.kind]()
    except (HubError, OSError):
        return False
    return True


def _absent(hub: Hub, needed: Needed) -> Iterator[Problem]:
    """Objects that a snapshot names and the store does not have, or has in another size."""
    for name, size in sorted(needed.objects.items()):
        try:
            if size not in (0, hub.store.size(name)):
                yield Problem("size", name)
        except Tampered:
            yield Problem("missing", name)
        except HubError:
            return  # said once, by `_store`


def _around(hub: Hub) -> Iterator[Problem]:
    """What stands around the data: ledger, store, files, disk, clock."""
    yield from (Problem("ledger", str(problem)) for problem in verify_ledger(hub).problems)
    yield from _store(hub)
    yield from _permissions(hub)
    yield from _disks(hub)
    yield from _clock(hub)


def _store(hub: Hub) -> Iterator[Problem]:
    try:
        if isinstance(hub.store, TidyStore):
            yield from (Problem("stranger", name) for name in hub.store.strangers())
            hub.store.probe()
    except HubError as problem:
        yield Problem("store", hub.store.name, {"reason": problem})


def _permissions(hub: Hub) -> Iterator[Problem]:
    """Secrets, the records and the identity files are their owner's alone."""
    private = [hub.home / name for name in (KEYRING, RECORDS, PASSPHRASE)]
    private += sorted((hub.home / IDENTITIES).glob("*.json"))
    for path in private:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Problem("permissions", str(path.relative_to(hub.home)))


def _disks(hub: Hub) -> Iterator[Problem]:
    places: dict[str, Path] = {"home": hub.home, "store": hub.home / "store"}
    seen: set[int] = set()
    for name, path in places.items():
        if path.exists() and (device := path.stat().st_dev) not in seen:
            seen.add(device)
            free = shutil.disk_usage(path).free
            if free < FREE_LEAST:
                yield Problem("disk", name, {"free": free >> 20})


def _clock(hub: Hub) -> Iterator[Problem]:
    """Events are dated by this machine's clock: one that went back would date later events earlier."""
    size = hub.records.ledger.size()
    try:
        last = Leaf.parse(hub.records.ledger.leaf(size - 1)).at if size else ""
    except Tampered:
        return  # said as a problem of the ledger
    if last > (now := hub.now()):
        yield Problem("clock", last, {"now": now})


def _notes(hub: Hub) -> list[str]:
    """True things that are no fault, and that an operator must have read."""
    notes = [say("doctor.one-custodian")]
    if (hub.home / PASSPHRASE).exists() and not os.environ.get("EGIDE_PASSPHRASE_FILE"):
        notes.append(say("doctor.passphrase-beside"))
    if hub.records.ledger.last_checkpoint() is None:
        notes.append(say("doctor.no-checkpoint"))
    if not (hub.home / "witness.json").exists():
        notes.append(say("doctor.no-witness"))
    return notes


__all__ = ["Problem", "doctor"]
