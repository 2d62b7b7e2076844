"""Hubs in temporary homes, and the ways into them."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from egide.crypto.identity import read_identity, write_identity
from egide.crypto.sign import SigningKey
from egide.journey.holder import pseudonymise
from egide.journey.start import add_holder, card, init
from egide.wiring import Hub, open_hub

PASSPHRASE = "a passphrase for proofs only"


@contextmanager
def environment(folder: Path) -> Iterator[Path]:
    """A passphrase file and a configuration folder of our own, for this process and its children."""
    (folder / "passphrase").write_text(PASSPHRASE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EGIDE_PASSPHRASE_FILE", str(folder / "passphrase"))
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.setenv("EGIDE_LANG", "en")
        yield folder


def new_hub(folder: Path, *, buckets: int = 2) -> Hub:
    hub, _ = init(folder / "home", buckets=buckets)
    return hub


@contextmanager
def kept(hub: Hub) -> Iterator[None]:
    """Puts the hub's home back as it was, whatever happens inside."""
    aside = hub.home.with_name(hub.home.name + "-aside")
    close_records()
    shutil.copytree(hub.home, aside)
    try:
        yield
    finally:
        close_records()
        shutil.rmtree(hub.home)
        aside.rename(hub.home)


def close_records() -> None:
    """Ends the connection, so that the records are whole in their one file."""
    from django.db import connection

    connection.close()


def reopened(hub: Hub) -> Hub:
    """The hub as another process would open it: nothing remembered."""
    close_records()
    return open_hub(hub.home)


@dataclass(frozen=True)
class Holder:
    """An organisation with its own signing key, known to the hub."""

    name: str
    identity: Path

    @property
    def key(self) -> SigningKey:
        return read_identity(self.identity).key


def new_holder(hub: Hub, name: str, folder: Path, *, domain: str = "snds", threshold: str = "0.20") -> Holder:
    identity = folder / f"{name}.identity.json"
    write_identity(identity, name, SigningKey.generate())
    holder = Holder(name, identity)
    add_holder(hub, name, domain, threshold=threshold, public_key=holder.key.verify_key.hex)
    return holder


def packed(hub: Hub, holder: Holder, folder: Path, out: Path, secret: Path | None = None) -> Path:
    """The holder's signed, encrypted package of a folder."""
    pseudonymise(
        folder,
        domain="snds",
        out=out,
        card=json.loads(card(hub)),
        secret_file=secret,
        identity=holder.identity,
    )
    return out
