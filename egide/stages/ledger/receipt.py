"""What a release carries away: a receipt that anyone checks offline with `tools/verify_receipt.py`.

The order: reviewers sign `review_subject`; `receipt_body` gathers what they signed; its `released_facts` go into the
ledger with the release; once a checkpoint covers that leaf, `make_receipt` binds body, leaf, proof and checkpoint.
"""

import base64
from collections.abc import Mapping, Sequence

from egide.crypto.commit import read_side
from egide.crypto.note import Checkpoint, Note
from egide.crypto.sign import digest
from egide.model.act import SignedAct
from egide.model.canonical import canonical
from egide.model.errors import BadUsage
from egide.ports.ledger import LedgerStore
from egide.stages.ledger.prove import prove_inclusion

FORMAT = "egide-receipt/1"


def review_subject(*, permit: str, outputs: Mapping[str, str], snapshot: str, exclusions: str) -> str:
    """What each reviewer signs: these files (name -> SHA-256 hex), from this permit, snapshot and exclusion list."""
    return digest(
        canonical({"permit": permit, "outputs": outputs, "snapshot": snapshot, "exclusions": exclusions})
    )


def receipt_body(
    *,
    hub: str,
    permit: str,
    author: str,
    outputs: Mapping[str, str],
    snapshot: str,
    exclusions: str,
    reviews: Sequence[SignedAct],
) -> dict[str, object]:
    """The receipt before it is bound to the ledger. The reviews were checked by `rules.acts`; they stand in full."""
    return {
        "format": FORMAT,
        "hub": hub,
        "permit": permit,
        "author": author,
        "outputs": dict(outputs),
        "snapshot": snapshot,
        "exclusions": exclusions,
        "reviews": [_review(signed) for signed in reviews],
    }


def _review(signed: SignedAct) -> dict[str, object]:
    return {
        "act": signed.act.as_facts(),
        "public_key": base64.b64encode(signed.public_key).decode(),
        "signature": base64.b64encode(signed.signature).decode(),
    }


def released_facts(body: Mapping[str, object]) -> dict[str, str | int]:
    """The facts of the `released` event: its commitment is what ties the receipt to the ledger."""
    return {"permit": str(body["permit"]), "receipt": digest(canonical(body))}


def make_receipt(
    store: LedgerStore, body: Mapping[str, object], index: int, side: bytes, note: bytes
) -> bytes:
    """The receipt as canonical JSON. `side` is leaf `index`'s side row, opened; `note` a checkpoint that covers it,
    cosigned by preference.

    Raises BadUsage when the checkpoint does not cover the leaf, or the leaf records another release.
    """
    salt, facts = read_side(side)
    head = Checkpoint.parse(Note.parse(note).text)
    if facts != released_facts(body):
        raise BadUsage("ledger.other-release", index=index)
    proof = prove_inclusion(store, index, head.size)
    bound = {
        "leaf": store.leaf(index).decode(),
        "salt": salt.hex(),
        "facts": facts,
        "index": index,
        "size": head.size,
        "proof": [base64.b64encode(step).decode() for step in proof],
        "checkpoint": note.decode(),
    }
    return canonical({**body, "ledger": bound})
