"""The ledger as people ask for it: read, proved, verified, exported, countersigned."""

import base64
import json
from pathlib import Path

from egide.crypto.note import Verifier
from egide.journey.record import ledger_verifier, origin, sign_head, unseal_side, verify_ledger
from egide.model.errors import Denied
from egide.stages import ledger
from egide.wiring import Hub, open_witness

Told = dict[str, object]
WITNESS = "witness.json"


def ledger_show(hub: Hub, start: int = 0, limit: int = 50) -> list[Told]:
    """Events with their facts where the side row still stands. Raises Tampered when a side row lies."""
    size = hub.records.ledger.size()
    shown = ledger.history(hub.records.ledger, unseal_side(hub), start, min(size, start + limit))
    return [
        {
            "index": r.index,
            "kind": r.leaf.kind.value,
            "at": r.leaf.at,
            "facts": dict(r.event.facts) if r.event else None,
        }
        for r in shown
    ]


def ledger_prove(hub: Hub, index: int, size: int | None = None) -> Told:
    """That a leaf stands in the tree of a signed head (RFC 6962 inclusion proof)."""
    whole = hub.records.ledger.size()
    of = whole if size is None else size
    if not 0 <= index < of <= whole:
        raise Denied("hub.nothing-here", name=str(index))
    checkpoint = sign_head(hub)
    return {
        "leaf": hub.records.ledger.leaf(index).decode(),
        "index": index,
        "size": of,
        "proof": [
            base64.b64encode(h).decode() for h in ledger.prove_inclusion(hub.records.ledger, index, of)
        ],
        "checkpoint": checkpoint.decode(),
        "verifier": str(ledger_verifier(hub)),
    }


def ledger_verify(hub: Hub) -> Told:
    """Every leaf, node and signed head recomputed. `problems` names what is wrong."""
    report = verify_ledger(hub)
    return {
        "size": report.size,
        "root": base64.b64encode(report.root).decode(),
        "signed": report.signed,
        "verified": report.sound,
        "problems": [str(p) for p in report.problems],
        "verifier": str(ledger_verifier(hub)),
    }


def ledger_export(hub: Hub, folder: Path) -> Told:
    """The public ledger as C2SP tiles, for `tools/verify_ledger.py` or anyone else's verifier."""
    sign_head(hub)
    size = ledger.export(hub.records.ledger, folder)
    (folder / "verifier").write_text(str(ledger_verifier(hub)) + "\n", "utf-8")
    return {"size": size, "folder": folder.name, "origin": origin(hub), "verifier": str(ledger_verifier(hub))}


def ledger_witness(hub: Hub, url: str, verifier_key: str) -> Told:
    """Has an independent witness countersign the head. Raises Tampered when the witness saw another history."""
    sign_head(hub)
    verifier = Verifier.parse(verifier_key)
    note = ledger.witnessed(hub.records.ledger, open_witness(url), verifier)
    (hub.home / WITNESS).write_text(json.dumps({"url": url, "verifier": verifier_key}), "utf-8")
    return {"size": hub.records.ledger.size(), "witness": verifier.name, "checkpoint": note.decode()}
