"""Every change with its event, in one transaction; and the ledger as people ask for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from egide.crypto.box import close_box, open_box
from egide.crypto.note import Verifier
from egide.crypto.sign import SigningKey
from egide.model.event import Event, EventKind, Fact
from egide.stages import ledger
from egide.stages.ledger.record import Sealer
from egide.wiring import Hub

LEDGER_KEY = "sign/ledger"
SIDE_KEY = "side/ledger"
SIDE_PLACE = "ledger side row"


@contextmanager
def recorded(hub: Hub, kind: EventKind, /, **facts: Fact) -> Iterator[None]:
    """A transaction of the records that ends with its event and a signed checkpoint, or does not happen."""
    with hub.records.changing():
        yield
        note(hub, kind, **facts)
        sign_head(hub)


def note(hub: Hub, kind: EventKind, /, **facts: Fact) -> int:
    """Adds an event inside a transaction that is already open."""
    return ledger.append(hub.records.ledger, Event(kind, hub.now(), facts), seal_side(hub))


def seal_side(hub: Hub) -> Sealer:
    key = hub.keys.secret(SIDE_KEY, create=True)
    return lambda data: close_box(data, key, SIDE_PLACE)


def unseal_side(hub: Hub) -> Sealer:
    key = hub.keys.secret(SIDE_KEY, create=True)
    return lambda data: open_box(data, key, SIDE_PLACE)


def origin(hub: Hub) -> str:
    """How the ledger names itself in its checkpoints (C2SP tlog-checkpoint)."""
    return f"egide/{hub.id}"


def signer(hub: Hub, name: str) -> SigningKey:
    return SigningKey.from_bytes(hub.keys.signing_seed(name).expose())


def ledger_verifier(hub: Hub) -> Verifier:
    return Verifier(origin(hub), signer(hub, LEDGER_KEY).verify_key)


def sign_head(hub: Hub) -> bytes:
    return ledger.checkpoint(hub.records.ledger, origin(hub), signer(hub, LEDGER_KEY))


def verify_ledger(hub: Hub) -> ledger.LedgerReport:
    """Recomputes every leaf, node and checkpoint from what is stored."""
    return ledger.verify(hub.records.ledger, origin(hub), signer(hub, LEDGER_KEY).verify_key)
