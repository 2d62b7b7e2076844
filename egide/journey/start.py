"""A hub begins: its keys, its owner, its first holder; later its people and other holders."""

import contextlib
import json
import secrets
from pathlib import Path

from egide.crypto.age import new_age_identity, recipient_of
from egide.crypto.identity import Identity, read_identity, write_identity
from egide.crypto.sign import SigningKey, VerifyKey, digest
from egide.journey.record import LEDGER_KEY, SIDE_KEY, recorded, signer
from egide.model.act import AccountRole
from egide.model.delivery import RULES
from egide.model.errors import BadUsage, Denied
from egide.model.event import EventKind
from egide.model.records import AccountRow, HolderRow, HubRow
from egide.model.table import Severity
from egide.wiring import IDENTITIES, OWNER, Hub, bill_of_materials, create_home, generator_home

SNAPSHOT_KEY = "sign/snapshot"
PERMIT_KEY = "sign/permit"
RECEIPT_KEY = "sign/receipt"
AGE = "age/hub"
THRESHOLD = (
    "0.20"  # share of refused rows over which a delivery is refused whole, unless the holder agreed otherwise
)
DEFAULT_BUCKETS = 4
FIRST_HOLDER = ("cnam", "snds")
GENERATOR = "generator"


def init(
    home: Path, *, name: str = "Égide", buckets: int = DEFAULT_BUCKETS, passphrase: bytes | None = None
) -> tuple[Hub, bool]:
    """Makes a hub with its owner's account, the generator's, and holder cnam. True: a passphrase file was made.

    Raises BadUsage when there is a hub already, or `buckets` is not a power of two up to 65,536."""
    if buckets < 1 or buckets > 1 << 16 or buckets & (buckets - 1):
        raise BadUsage("hub.buckets", buckets=buckets)
    hub, made = create_home(home, secrets.token_hex(8), passphrase)
    for key in (LEDGER_KEY, SNAPSHOT_KEY, PERMIT_KEY, RECEIPT_KEY):
        hub.keys.create(key)
    hub.keys.create(SIDE_KEY)
    identity, recipient = new_age_identity()
    hub.keys.deposit(AGE, identity)
    settings: dict[str, object] = {
        "buckets": buckets,
        "recipient": recipient,
        "snapshot_key": signer(hub, SNAPSHOT_KEY).verify_key.hex,
    }
    made_of = bill_of_materials()
    settings["bill_of_materials"] = {
        "sha256": digest(made_of),
        "signature": signer(hub, SNAPSHOT_KEY).sign(made_of).hex(),
    }
    with recorded(hub, EventKind.HUB_INITIALISED, hub=hub.id, bill_of_materials=digest(made_of)):
        hub.records.add(HubRow(hub.id, name, hub.now(), settings))
    add_account(hub, OWNER, [AccountRole.OWNER, AccountRole.OPERATOR])
    add_account(hub, GENERATOR, [AccountRole.GENERATOR], public_key=generator_key().verify_key)
    add_holder(hub, *FIRST_HOLDER)
    return hub, made


def identity_path(hub: Hub, name: str) -> Path:
    return hub.home / IDENTITIES / f"{name}.json"


def add_account(
    hub: Hub,
    name: str,
    roles: list[AccountRole],
    *,
    public_key: VerifyKey | None = None,
    out: Path | None = None,
) -> tuple[AccountRow, Path | None]:
    """Enrols a person or service. Without a public key an identity file is made for them, which the hub does not keep.

    Raises Denied when the name is taken or the key is enrolled already for another."""
    if not name or len(name) > 100 or not all(c.isalnum() or c in "-_. '" for c in name):
        raise BadUsage("account.name")
    path = None
    if hub.records.get(AccountRow, name):
        raise Denied("records.exists", kind="account")
    if public_key is None:
        key = SigningKey.generate()
        path = out or identity_path(hub, name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_identity(path, name, key)
        public_key = key.verify_key
    if taken := hub.records.where(AccountRow, public_key=public_key.hex):
        raise Denied("account.key-taken", account=taken[0].name)
    row = AccountRow(name, tuple(r.value for r in roles), public_key.hex, hub.now())
    with recorded(
        hub, EventKind.ACCOUNT_ENROLLED, account=name, roles=",".join(row.roles), key=row.public_key
    ):
        hub.records.add(row)
    return row, path


def add_holder(
    hub: Hub,
    name: str,
    domain: str,
    *,
    threshold: str = THRESHOLD,
    public_key: str = "",
    promoted: tuple[str, ...] = (),
) -> HolderRow:
    """Registers an organisation that delivers, with its linkage domain. The rules in `promoted` refuse rows of this
    holder that they flag elsewhere. Raises BadUsage for names, shares or rules that are none."""
    if not name or not name.replace("-", "").isalnum() or not domain.replace("-", "").isalnum():
        raise BadUsage("holder.name")
    try:
        share = float(threshold)
    except ValueError:
        raise BadUsage("holder.threshold") from None
    if not 0 <= share <= 1:
        raise BadUsage("holder.threshold")
    if public_key:
        VerifyKey.parse(public_key)
    if unknown := [rule for rule in promoted if RULES.get(rule) is not Severity.FLAG]:
        raise BadUsage("holder.rule", rule=unknown[0])
    row = HolderRow(name, domain, public_key, threshold, dict.fromkeys(promoted, Severity.REFUSE.value))
    agreed = ",".join(promoted)
    with recorded(
        hub, EventKind.HOLDER_ADDED, holder=name, domain=domain, threshold=threshold, promoted=agreed
    ):
        hub.records.add(row)
    return row


def generator_key() -> SigningKey:
    """This user's generator key, made on first use. It signs what `egide synth` writes."""
    folder = generator_home()
    path = folder / "generator.json"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            write_identity(path, GENERATOR, SigningKey.generate())
    return read_identity(path).key


def acting(hub: Hub, given: Path | None) -> tuple[AccountRow, Identity]:
    """Who says they act: the identity file given, else the owner's. The key must be enrolled and not revoked."""
    path = given or identity_path(hub, OWNER)
    identity = read_identity(path)
    account = hub.records.get(AccountRow, identity.name)
    if account is None or account.revoked or account.public_key != identity.key.verify_key.hex:
        raise Denied("account.unknown", account=identity.name)
    return account, identity


def card(hub: Hub) -> str:
    """What a holder needs to send packages to this hub, and a verifier to check what it signs. No secret in it."""
    settings = hub.row.settings
    return json.dumps(
        {
            "hub": hub.id,
            "name": hub.row.name,
            "recipient": recipient_of(hub.keys.text(AGE)),
            "snapshot_key": settings["snapshot_key"],
            "receipt_key": signer(hub, RECEIPT_KEY).verify_key.hex,
        },
        indent=2,
    )
