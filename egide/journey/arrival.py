"""A delivery at the door: manifest, signature, hashes, counts and sizes are verified before a byte is used."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from egide.crypto.sign import VerifyKey
from egide.journey.access import Actor, keep_act
from egide.journey.record import recorded
from egide.journey.start import AGE
from egide.model.act import ActKind
from egide.model.delivery import DeliveredFile, Delivery
from egide.model.errors import BadInput, Denied
from egide.model.event import EventKind
from egide.model.records import AccountRow, HolderRow
from egide.model.table import DataClass, Model
from egide.registry import model_of
from egide.rules.acts import check_two_persons
from egide.stages.arrive import open_file, read_manifest, verify_files
from egide.stages.arrive.package import NAME as PACKAGE
from egide.stages.arrive.package import OpenedPackage
from egide.stages.arrive.synthetic import generator_of
from egide.wiring import Hub

Open = Callable[[DeliveredFile], BinaryIO]


@dataclass
class Arrived:
    """A delivery whose bytes are what its holder announced."""

    delivery: Delivery
    holder: HolderRow
    data_class: DataClass
    model: Model
    open: Open
    close: Callable[[], None] = lambda: None


def arrive(
    hub: Hub,
    folder: Path,
    holder: str,
    raise_class: str | None,
    temp: Path,
    dry_run: bool = False,
    declared: Sequence[Actor] = (),
) -> Arrived:
    """Verifies manifest, signature, hashes, counts and sizes before a byte is used.

    `declared`: persons who sign that the data are synthetic or public (C0) although no generator signed them."""
    row = hub.records.get(HolderRow, holder)
    if row is None:
        raise Denied("delivery.holder-unknown", holder=holder)
    if not folder.is_dir():
        raise BadInput("delivery.no-folder")
    packaged = (folder / PACKAGE).is_file()
    arrived = (
        _open_package(hub, folder, row, temp)
        if packaged
        else _open_folder(hub, folder, row, dry_run, declared)
    )
    if raise_class is not None:
        if raise_class < arrived.data_class:
            raise Denied("delivery.class-lower", class_=arrived.data_class.value)
        arrived.data_class = DataClass(raise_class)
    return arrived


def _open_folder(
    hub: Hub, folder: Path, holder: HolderRow, dry_run: bool, declared: Sequence[Actor]
) -> Arrived:
    """A plain folder: what the hub's generator or two persons signed as C0, or what is looked at and never kept."""
    delivery = read_manifest(folder)
    if delivery.holder != holder.name:
        raise BadInput("delivery.holder-differs", stated=delivery.holder, holder=holder.name)
    model = model_of(delivery.model, delivery.model_version)
    key = generator_of(folder, delivery)
    data_class = DataClass.C0
    if key is not None:
        _check_generator(hub, key)
    elif declared:
        _declare(hub, delivery, declared)
    elif dry_run:
        data_class = _class_of(model)
    else:
        raise Denied("delivery.not-packaged")
    verify_files(folder, delivery)
    return Arrived(delivery, holder, data_class, model, lambda f: open_file(folder, f))


def _check_generator(hub: Hub, key: VerifyKey) -> None:
    generators = hub.records.where(AccountRow, public_key=key.hex, revoked="")
    if not any("generator" in a.roles for a in generators):
        raise Denied("delivery.generator-unknown")


def _declare(hub: Hub, delivery: Delivery, declared: Sequence[Actor]) -> None:
    """Two persons sign over the manifest's hash that the delivery is class C0 (DESIGN 6)."""
    with recorded(hub, EventKind.RECORDS_CHANGED, what="declared C0", delivery=delivery.id):
        acts = [
            keep_act(hub, ActKind.CLASSIFY, delivery.sha256, delivery.id, "declare", "", a) for a in declared
        ]
        check_two_persons(acts, author="")


def _open_package(hub: Hub, folder: Path, holder: HolderRow, temp: Path) -> Arrived:
    package = OpenedPackage(
        folder,
        hub=hub.id,
        holder=holder.name,
        holder_key=holder.public_key,
        identity=hub.keys.text(AGE),
        temp=temp,
    )
    model = model_of(package.delivery.model, package.delivery.model_version)
    verify_files(temp, package.delivery, open_=package.open)
    return Arrived(package.delivery, holder, _class_of(model), model, package.open, package.close)


def _class_of(model: Model) -> DataClass:
    return max((t.data_class for t in model.tables.values()), default=DataClass.C3)


def dataset_of(arrived: Arrived) -> str:
    """Datasets of synthetic data stand apart from those of real persons."""
    name = f"{arrived.delivery.model}-{arrived.holder.name}"
    return f"{name}-c0" if arrived.data_class is DataClass.C0 else name
