"""At the holder's: pseudonymise (stage 1), pack, sign, encrypt to the hub; or look first without sending anything."""

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from egide.crypto.identity import read_identity, write_identity
from egide.crypto.key import Key
from egide.crypto.sign import SigningKey
from egide.journey.intake import deliver
from egide.journey.start import add_holder, init
from egide.model.delivery import DeliveredFile, Delivery, DeliveryReport
from egide.model.errors import BadInput, BadUsage
from egide.model.records import HolderRow
from egide.model.table import Model
from egide.registry import model_of, resolve
from egide.stages.arrive import open_file, read_manifest, verify_files
from egide.stages.arrive.manifest import NAME as MANIFEST
from egide.stages.arrive.manifest import write_manifest
from egide.stages.arrive.nir import is_nir
from egide.stages.arrive.package import write_package
from egide.stages.pseudonymise import renamed, replace_nirs
from egide.wiring import Progress, quiet


def pseudonymise(
    folder: Path,
    *,
    domain: str,
    out: Path,
    card: dict[str, object],
    secret_file: Path | None,
    identity: Path,
    progress: Progress = quiet,
) -> dict[str, object]:
    """Makes the signed, encrypted package of a delivery. `card` is the hub's public card (`egide status --card`).

    `secret_file` holds the linkage domain's secret (64 hex digits), needed when the delivery names persons by NIR.
    The holder's signing identity is made on first use; its public key is for the hub's operator to register.
    Raises BadInput for files that are not what the manifest says, or values that are no valid NIR."""
    delivery = read_manifest(folder)
    model = model_of(delivery.model, delivery.model_version)
    verify_files(folder, delivery)
    key = _signing_key(identity, delivery.holder)
    if out.exists() and any(out.iterdir()):
        raise BadUsage("delivery.out-not-empty")
    with _scratch() as temp:
        sent, sources = _first_stage(delivery, model, folder, temp, domain, secret_file, progress)
        path = write_package(
            out,
            write_manifest(sent),
            sources,
            hub=str(card["hub"]),
            holder=delivery.holder,
            recipient=str(card["recipient"]),
            key=key,
        )
    return {
        "package": path.parent.name,
        "delivery": sent.id,
        "holder": sent.holder,
        "files": len(sent.files),
        "rows": sum(f.rows for f in sent.files),
        "key": key.verify_key.hex,
    }


def dry_run(folder: Path, holder: str, *, progress: Progress = quiet) -> DeliveryReport:
    """The report that the hub would give, at the holder's and without a hub: a passing one is made and forgotten.

    NIRs are replaced first, under a secret made for the look and forgotten with it."""
    with _scratch() as temp:
        hub, _ = init(temp / "hub", passphrase=secrets.token_bytes(32))
        if hub.records.get(HolderRow, holder) is None:
            add_holder(hub, holder, holder)
        return deliver(hub, _staged(folder, temp, progress), holder, dry_run=True, progress=progress)


def _staged(folder: Path, temp: Path, progress: Progress) -> Path:
    """The folder as it would be sent: itself, or a copy whose NIRs are replaced."""
    delivery = read_manifest(folder)
    model = model_of(delivery.model, delivery.model_version)
    if not any(renamed(resolve(model, file.table)[0]) for file in delivery.files):
        return folder
    verify_files(folder, delivery)
    secret = temp / "secret"
    new_domain_secret(secret)
    sent, sources = _first_stage(delivery, model, folder, temp, "look", secret, progress)
    staged = temp / "staged"
    for file, open_source in zip(sent.files, sources, strict=True):
        target = staged / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_source() as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy)
    (staged / MANIFEST).write_bytes(write_manifest(sent))
    return staged


def _first_stage(
    delivery: Delivery,
    model: Model,
    folder: Path,
    temp: Path,
    domain: str,
    secret_file: Path | None,
    progress: Progress,
) -> tuple[Delivery, list[Callable[[], BinaryIO]]]:
    """The delivery as it will be sent, and how to open each of its files."""
    files: list[DeliveredFile] = []
    sources: list[Callable[[], BinaryIO]] = []
    for number, file in enumerate(delivery.files):
        table, _ = resolve(model, file.table)
        progress("pseudonymise", number, len(delivery.files))
        if renamed(table):
            made = temp / f"{number}.csv"
            with open_file(folder, file) as raw, made.open("wb") as target:
                rows = replace_nirs(
                    _lines(raw), target, file, table, _domain_key(secret_file), domain, is_nir
                )
            digest = hashlib.sha256(made.read_bytes()).hexdigest()
            files.append(replace(file, sha256=digest, rows=rows))
            sources.append(lambda made=made: made.open("rb"))  # type: ignore[misc]
        else:
            files.append(file)
            sources.append(lambda file=file: open_file(folder, file))  # type: ignore[misc]
    return replace(delivery, files=tuple(files)), sources


def _lines(raw: BinaryIO) -> BinaryIO:
    import io

    return io.BufferedReader(raw, 1 << 20)  # type: ignore[arg-type]


def _domain_key(secret_file: Path | None) -> Key:
    """The linkage domain's secret, issued by a third party outside hub and host."""
    if secret_file is None:
        raise BadUsage("delivery.secret-needed")
    try:
        return Key("linkage", bytes.fromhex(secret_file.read_text("ascii").strip()))
    except (OSError, ValueError):
        raise BadUsage("delivery.secret-form") from None


def new_domain_secret(path: Path) -> None:
    """A new linkage secret, for the third party that issues it. 0600, never overwritten."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")


def _signing_key(identity: Path, holder: str) -> SigningKey:
    if not identity.exists():
        write_identity(identity, holder, SigningKey.generate())
    found = read_identity(identity)
    if found.name != holder:
        raise BadInput("delivery.holder-differs", stated=holder, holder=found.name)
    return found.key


@contextmanager
def _scratch() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="egide-holder-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
