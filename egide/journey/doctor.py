"""Is all well? What a crash or a hand left behind is named, and what can be cleaned is cleaned on request."""

import os
import shutil
import stat
from pathlib import Path

from egide.journey.known import head_named
from egide.journey.record import recorded, verify_ledger
from egide.journey.snapshots import referenced
from egide.model.errors import Tampered
from egide.model.event import EventKind
from egide.model.messages import say
from egide.model.records import KeyRow, SnapshotRow
from egide.wiring import KEYRING, PASSPHRASE, RECORDS, Hub

Told = dict[str, object]


def doctor(hub: Hub, *, clean: bool = False) -> Told:
    """Problems that remain, what was cleaned, and what an operator should know. Raises nothing: it names."""
    with hub.writing():
        found = [*_orphans(hub), *_leftovers(hub), *_scratch(hub)]
        cleaned = [_clean(hub, problem) for problem in found] if clean else []
        if cleaned:
            with recorded(hub, EventKind.DOCTOR_CLEANED, things=len(cleaned)):
                pass
    problems = [*([] if clean else found), *_snapshots(hub), *_ledger(hub), *_permissions(hub)]
    return {"problems": problems, "cleaned": cleaned, "notes": _notes(hub)}


def _orphans(hub: Hub) -> list[Told]:
    """Objects that no snapshot names: a delivery that ended before its commit. Without a key, nobody can open them."""
    try:
        needed = referenced(hub)
    except Tampered as problem:
        return [{"problem": "snapshot", "what": str(problem)}]
    return [{"problem": "orphan", "what": name} for name in hub.store.names() if name not in needed]


def _leftovers(hub: Hub) -> list[Told]:
    found = getattr(hub.store, "leftovers", list)()
    return [{"problem": "leftover", "what": name} for name in found]


def _scratch(hub: Hub) -> list[Told]:
    """Temporary folders whose process is gone. Their content is sealed under keys that died with it."""
    return [{"problem": "temporary", "what": p.name} for p in sorted(hub.temp.iterdir())]


def _clean(hub: Hub, problem: Told) -> Told:
    name = str(problem["what"])
    if problem["problem"] == "orphan":
        hub.store.delete(name)
    elif problem["problem"] == "leftover":
        hub.store.clean()  # type: ignore[attr-defined]
    elif problem["problem"] == "temporary":
        shutil.rmtree(hub.temp / Path(name).name, ignore_errors=True)
    return problem


def _snapshots(hub: Hub) -> list[Told]:
    told: list[Told] = []
    for row in hub.records.where(SnapshotRow):
        head = head_named(hub, f"{row.dataset}@{row.sequence}")
        if hub.records.get(KeyRow, head.key_id) is None:
            told.append({"problem": "key", "what": head.name})
    return told


def _ledger(hub: Hub) -> list[Told]:
    return [{"problem": "ledger", "what": str(problem)} for problem in verify_ledger(hub).problems]


def _permissions(hub: Hub) -> list[Told]:
    told: list[Told] = []
    for name in (KEYRING, RECORDS, PASSPHRASE):
        path = hub.home / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            told.append({"problem": "permissions", "what": name})
    return told


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
