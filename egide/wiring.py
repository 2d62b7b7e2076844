"""Settings in, adapters out: the one place that picks which store, keys, records and engine a hub uses."""

import fcntl
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from egide.adapters.disk import make_folder, write_new
from egide.adapters.scratch import Scratch
from egide.crypto.key import Key
from egide.model.canonical import instant
from egide.model.crash import CrashPoint
from egide.model.errors import BadUsage, Denied, Tampered, Unreachable
from egide.model.records import DatasetRow, HubRow, KeyRow
from egide.model.sealed import Context, Entry, WrappedKey
from egide.ports.engine import Engine
from egide.ports.keys import Keys
from egide.ports.lake import Lake
from egide.ports.ledger import Witness
from egide.ports.records import Records
from egide.ports.store import Store

RECORDS = "records.sqlite3"
KEYRING = "keyring.json"
PASSPHRASE = "passphrase"
IDENTITIES = "identities"
STORE = "store"
TEMP = "temp"
LOCK = "lock"
OWNER = "owner"
MEMORY = os.environ.get("EGIDE_MEMORY", "2GiB")
THREADS = os.cpu_count() or 2


@dataclass
class Hub:
    """One installation with its adapters. Made by `open_hub` and `create_home`; closed by the process's end."""

    home: Path
    keys: Keys
    records: Records
    store: Store
    kill_at: str = ""
    _keys_of: dict[str, Key] = field(default_factory=dict, repr=False)

    @cached_property
    def row(self) -> HubRow:
        [row] = self.records.where(HubRow)
        return row

    @property
    def id(self) -> str:
        return self.keys.hub

    @property
    def buckets(self) -> int:
        return int(str(self.row.settings["buckets"]))

    @cached_property
    def scratch(self) -> Scratch:
        return Scratch(self.home / TEMP)

    @property
    def temp(self) -> Path:
        """This process's own folder for temporary files. Raises Unreachable when none can be made."""
        with _at_home():
            return self.scratch.own

    def now(self) -> str:
        """UTC to the second."""
        return instant(datetime.now(UTC))

    def key_of(self, key_id: str) -> Key:
        """The data key behind a key id. Raises Tampered when the key table has none."""
        if key_id not in self._keys_of:
            row = self.records.get(KeyRow, key_id)
            if row is None:
                raise Tampered("snapshot.key-missing", key_id=key_id)
            self._keys_of[key_id] = self.keys.unwrap(
                WrappedKey(row.key_id, row.dataset, row.kek_version, row.wrapped)
            )
        return self._keys_of[key_id]

    def load_keys(self, key_ids: list[str]) -> None:
        """Unwraps many data keys at once."""
        missing = [k for k in key_ids if k not in self._keys_of]
        for start in range(0, len(missing), 500):
            for row in self.records.where(KeyRow, key_id__in=missing[start : start + 500]):
                wrapped = WrappedKey(row.key_id, row.dataset, row.kek_version, row.wrapped)
                self._keys_of[row.key_id] = self.keys.unwrap(wrapped)

    def dataset(self, name: str) -> DatasetRow:
        """Raises Denied (permit.no-dataset) when there is none."""
        row = self.records.get(DatasetRow, name)
        if row is None:
            raise Denied("permit.no-dataset", dataset=name)
        return row

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Only one process changes what the hub keeps at a time. Raises Denied (delivery.busy) when another does."""
        with _at_home():
            lock = (self.home / LOCK).open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Denied("delivery.busy") from None
            yield

    def reached(self, point: CrashPoint) -> None:
        """Proofs of durability end the process here, as a power cut would."""
        if self.kill_at == point:
            os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def _at_home() -> Iterator[None]:
    """Turns the system's errors about the hub's own folder into the hub's."""
    try:
        yield
    except OSError as problem:
        raise Unreachable("home.unwritable", reason=problem.strerror or "") from None


def home_of(given: Path | None) -> Path:
    """`--home`, else EGIDE_HOME, else ~/.egide; absolute, so that no later change of folder matters."""
    named = os.environ.get("EGIDE_HOME")
    return (given or (Path(named) if named else Path.home() / ".egide")).absolute()


def generator_home() -> Path:
    """Where this user's generator key is: synthetic deliveries are recognised by its signature."""
    named = os.environ.get("XDG_CONFIG_HOME")
    return (Path(named) if named else Path.home() / ".config") / "egide"


def read_passphrase(home: Path) -> bytes:
    """From EGIDE_PASSPHRASE_FILE, else the file that `init` made, else asked at the terminal.

    Raises Unreachable when there is none to be had."""
    named = os.environ.get("EGIDE_PASSPHRASE_FILE")
    path = Path(named) if named else home / PASSPHRASE
    if path.is_file():
        try:
            return path.read_bytes().strip()
        except OSError as problem:
            raise Unreachable("hub.passphrase-unreadable", reason=problem.strerror or "") from None
    if named:
        raise Unreachable("hub.passphrase-missing")
    return ask_passphrase()


def ask_passphrase() -> bytes:
    if not sys.stdin.isatty():
        raise Unreachable("hub.passphrase-missing")
    import getpass

    return getpass.getpass("egide: passphrase: ").encode()


def make_passphrase(home: Path) -> tuple[bytes, bool]:
    """The new hub's passphrase: the file named by the environment, the terminal's answer, or a made one kept in a
    0600 file, about which the caller warns (True)."""
    named = os.environ.get("EGIDE_PASSPHRASE_FILE")
    if named:
        return read_passphrase(home), False
    if sys.stdin.isatty() and not os.environ.get("EGIDE_UNATTENDED"):
        return ask_passphrase(), False
    made = secrets.token_urlsafe(32).encode()
    with _at_home():
        write_new(home / PASSPHRASE, made + b"\n")
    return made, True


def create_home(home: Path, hub_id: str, passphrase: bytes | None = None) -> tuple[Hub, bool]:
    """An empty hub: keyring, records, folder store. Returns it and whether a passphrase file was made.

    Raises BadUsage when the folder already holds a hub (hub.exists), or the beginning of one (home.half-made)."""
    if is_hub(home):
        raise BadUsage("hub.exists")
    _refuse_half_made(home)
    try:
        make_folder(home, 0o700)
    except OSError as problem:
        raise Unreachable("hub.home", reason=problem.strerror or "") from None
    passphrase, made = (passphrase, False) if passphrase else make_passphrase(home)
    from egide.adapters.keys.file.keyring import FileKeys

    keys = FileKeys.make(home / KEYRING, passphrase, hub_id)
    return _hub(home, keys), made


def is_hub(home: Path) -> bool:
    """Whether a hub was made here."""
    return (home / RECORDS).is_file() and (home / KEYRING).is_file()


def closed_marker(home: Path) -> Path:
    """The file that keeps a restored hub closed."""
    return home / "restored.json"


def open_keys(keyring: Path, home: Path) -> Keys:
    """A keyring alone, under the passphrase of the hub at `home`."""
    from egide.adapters.keys.file.keyring import FileKeys

    return FileKeys.open(keyring, read_passphrase(home))


def open_hub(home: Path, *, closed: bool = False) -> Hub:
    """Raises BadUsage (hub.absent) where there is no hub, Unreachable for a wrong passphrase, Denied (hub.closed) for
    a restored hub that nobody opened yet; `closed` is for those who open it."""
    if closed_marker(home).exists() and not closed:
        raise Denied("hub.closed")
    if not is_hub(home):
        _refuse_half_made(home)
        raise BadUsage("hub.absent")
    hub = _hub(home, open_keys(home / KEYRING, home))
    if not hub.records.where(HubRow):
        raise BadUsage("home.half-made")
    return hub


def _refuse_half_made(home: Path) -> None:
    """An `init` that was killed, or records that were lost: nobody but the operator can tell."""
    if any((home / name).is_file() for name in (RECORDS, KEYRING, PASSPHRASE)):
        raise BadUsage("home.half-made")


def _hub(home: Path, keys: Keys) -> Hub:
    from egide.adapters.records.setup import make_database, open_database

    if not (home / RECORDS).exists():
        make_database(home / RECORDS)
    open_database(home / RECORDS)
    from egide.adapters.records.store import DjangoRecords

    return Hub(
        home.absolute(),
        keys,
        DjangoRecords(),
        _folder_store(home / STORE),
        os.environ.get("EGIDE_KILL_AT", ""),
    )


def _folder_store(folder: Path) -> Store:
    from egide.adapters.stores.folder import FolderSettings, FolderStore

    return FolderStore(FolderSettings(folder))


def open_lake(hub: Hub, dataset: str, entries: list[Entry]) -> Lake:
    """Our own engine over these objects, and no others."""
    from egide.adapters.engines.duckdb.lake import DuckLake

    hub.load_keys([e.key_id for e in entries])
    by_name = {e.object: e for e in entries}

    def resolve(name: str) -> tuple[Key, Context, int]:
        entry = by_name[name]
        return hub.key_of(entry.key_id), Context(hub.id, dataset, entry.role, entry.key_id), entry.plain_size

    return DuckLake(hub.store, resolve, hub.temp / "lake", MEMORY, THREADS)


def fenced_engine(hub: Hub) -> Engine:
    """What runs a researcher's SQL."""
    from egide.adapters.engines.duckdb.fenced import FencedEngine

    return FencedEngine(hub.temp / "fenced")


def bill_of_materials() -> bytes:
    """What this installation is made of, as CycloneDX."""
    from egide.adapters import sbom

    return sbom.bill_of_materials()


def open_witness(url: str) -> Witness:
    """The independent party at this address."""
    from egide.adapters.witness.http import HttpWitness

    return HttpWitness(url)


Progress = Callable[[str, int, int], None]  # step, done, total (0: unknown)


def quiet(_step: str, _done: int, _total: int) -> None:
    """The progress of whoever does not look."""
