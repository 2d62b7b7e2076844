"""A third party countersigns the last head, so that not even someone with every hub key can rewrite the past unseen."""

from egide.crypto.note import Checkpoint, Note, Verifier, check_note, parse_lines
from egide.model.errors import BadUsage, Tampered, Unreachable
from egide.ports.ledger import Cosigned, LedgerStore, Witness
from egide.stages.ledger.prove import prove_consistency
from egide.stages.ledger.record import last_head

TRIES = 4  # the first asks what it has seen; others may be asking too


def witnessed(store: LedgerStore, witness: Witness, verifier: Verifier) -> bytes:
    """Has the last checkpoint cosigned, keeps it so and returns it. `verifier` is the witness's own.

    Raises Tampered: witness.ahead when the witness remembers a longer ledger (ours was rolled back), witness.fork or
    witness.inconsistent when it remembers another history, witness.cosignature when its answer is not its signature.
    """
    found = last_head(store)
    if found is None:
        raise BadUsage("ledger.no-checkpoint")
    note, head = found
    cosigned = _add(note, _ask(store, witness, note, head), verifier)
    store.put_checkpoint(head.size, cosigned)
    return cosigned


def _ask(store: LedgerStore, witness: Witness, note: Note, head: Checkpoint) -> Cosigned:
    seen = 0
    for _ in range(TRIES):
        answer = witness.add_checkpoint(seen, prove_consistency(store, seen, head.size), bytes(note))
        if isinstance(answer, Cosigned):
            return answer
        if answer.size > head.size:
            raise Tampered("witness.ahead", seen=answer.size, size=head.size)
        seen = answer.size
    raise Unreachable("witness.busy")


def _add(note: Note, answer: Cosigned, verifier: Verifier) -> bytes:
    try:
        signed = note.with_lines(
            [line for line in parse_lines(answer.lines.decode()) if line.name == verifier.name]
        )
    except ValueError as problem:
        raise Tampered("witness.cosignature", name=verifier.name) from problem
    try:
        check_note(signed, verifier)
    except Tampered as problem:
        raise Tampered("witness.cosignature", name=verifier.name) from problem
    return bytes(signed)
