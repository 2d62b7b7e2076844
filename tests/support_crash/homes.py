"""Hubs and deliveries to copy: making a hub stretches a passphrase slowly on purpose, copying one does not."""

import shutil
from pathlib import Path

from egide import wiring
from egide.crypto.keyring_file import Cost, Lock, read_keyring, write_keyring
from egide.journey import identity
from egide.journey.make import synth
from egide.journey.start import FIRST_HOLDER, generator_key, init
from egide.model.table import DataClass
from egide.stages.arrive import read_manifest
from egide.stages.arrive.synthetic import sign_synthetic

CHEAP = Cost(n=1 << 14)  # the least that a keyring may ask for: these hubs are opened hundreds of times


def new_home(home: str, buckets: int = 4, secret: bool = True) -> dict[str, object]:
    """A hub without data, as `egide init` makes it but for the cost of its passphrase. `secret`: the one that makes
    pseudonyms is there already, so that copies of this hub give the same persons the same names."""
    return _made(Path(home), buckets, secret)


def _made(home: Path, buckets: int, secret: bool) -> dict[str, object]:
    hub, _ = init(home, buckets=buckets)
    if secret:
        identity.pseudonymiser(hub, FIRST_HOLDER[1], DataClass.C0)
    keyring, passphrase = home / wiring.KEYRING, (home / wiring.PASSPHRASE).read_bytes().strip()
    contents, _ = read_keyring(keyring.read_bytes(), passphrase, keyring.name)
    keyring.write_bytes(write_keyring(contents, Lock.of(passphrase, CHEAP)))
    return {"hub": hub.id}


def new_delivery(
    out: str, people: int, seed: int, replaces: str | None = None, defects: float = 0.01
) -> dict[str, object]:
    """A synthetic delivery with planted defects; with `replaces`, a correction signed again."""
    folder = Path(out)
    told = synth(folder, people=people, years=range(2019, 2020), seed=seed, defects=defects)
    if replaces:
        manifest = folder / "delivery.toml"
        manifest.write_text(f'replaces = "{replaces}"\n{manifest.read_text("utf-8")}', "utf-8")
        sign_synthetic(folder, read_manifest(folder), {"seed": seed}, generator_key())
    return told


def copied(home: Path, to: Path) -> Path:
    if to.exists():
        shutil.rmtree(to)
    shutil.copytree(home, to)
    to.chmod(0o700)
    return to
