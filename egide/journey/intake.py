"""Data comes in: delivered, verified, checked, pseudonymised, sealed, catalogued. Nothing is lost, or nothing happened."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import numpy as np

from egide.frame.frame import Frame, Plain, Refusal
from egide.frame.keys import KeyHasher
from egide.frame.persons import Persons
from egide.journey import identity, known, publish
from egide.journey.access import Actor
from egide.journey.arrival import Arrived, arrive, dataset_of
from egide.journey.count import count, days_of
from egide.journey.record import recorded
from egide.model.crash import CrashPoint
from egide.model.delivery import DeliveredFile, DeliveryReport, TableTally
from egide.model.errors import BadInput, Denied
from egide.model.event import EventKind
from egide.model.records import DeliveryRow
from egide.model.sealed import Role
from egide.model.table import Severity, Table
from egide.registry import codes_for, columns_for, resolve
from egide.stages.arrive.nir import NirWatch
from egide.stages.arrive.verify import Hashed
from egide.stages.catalogue.profile import Profiler
from egide.stages.check import TableChecker
from egide.stages.pseudonymise import SecondStage
from egide.stages.seal.parts import Part, buckets_of, parts_of, quarantine_part
from egide.stages.seal.spool import Putaway, Spool
from egide.wiring import Hub, Progress, quiet

SPOOL_BYTES = 384 << 20  # rows of one table held in memory before they are spilled, sealed
REFUSALS_HELD = 50_000
_ORDER = {"identity": 0, "psa": 1, "stage1": 1, "idt": 2, "none": 2, "through": 3}


def deliver(
    hub: Hub,
    folder: Path,
    holder: str,
    *,
    dry_run: bool = False,
    raise_class: str | None = None,
    declared: Sequence[Actor] = (),
    progress: Progress = quiet,
) -> DeliveryReport:
    """Takes a delivery through the whole way in. The report says what became of every row.

    Raises BadInput (exit 3) when the delivery as a whole is unfit, Denied (exit 1) when a rule refuses it, Tampered
    (exit 5) for a broken signature; in each case the hub keeps nothing of it."""
    started = time.monotonic()
    with hub.writing(), _scratch(hub) as temp:
        arrived = arrive(hub, folder, holder, raise_class, temp, dry_run, declared)
        hub.reached(CrashPoint.ARRIVED)
        try:
            report = _unchanged(hub, arrived) or _take_in(hub, arrived, temp, dry_run, progress)
        finally:
            arrived.close()
    report.seconds = time.monotonic() - started
    return report


def _unchanged(hub: Hub, arrived: Arrived) -> DeliveryReport | None:
    """The same delivery twice changes nothing; the same id with other content is refused."""
    before = hub.records.get(DeliveryRow, arrived.delivery.id, arrived.holder.name)
    if before is None:
        return None
    if before.sha256 != arrived.delivery.sha256:
        raise Denied("delivery.other-content", id=arrived.delivery.id)
    report = _report(arrived)
    report.verdict = "unchanged"
    report.snapshot = str(before.report["snapshot"])
    return report


def _report(arrived: Arrived) -> DeliveryReport:
    return DeliveryReport(
        arrived.delivery.id,
        arrived.holder.name,
        dataset_of(arrived),
        arrived.data_class.value,
        threshold=arrived.holder.threshold,
    )


def _take_in(hub: Hub, arrived: Arrived, temp: Path, dry_run: bool, progress: Progress) -> DeliveryReport:
    intake = Intake(hub, arrived, temp, progress)
    intake.check_all()
    hub.reached(CrashPoint.CHECKED)
    if refused := intake.over_threshold():
        if not dry_run:
            with recorded(
                hub, EventKind.DELIVERY_REFUSED, delivery=arrived.delivery.id, holder=arrived.holder.name
            ):
                pass
        raise refused
    if dry_run:
        intake.report.verdict = "dry-run"
        return intake.report
    intake.store_all()
    hub.reached(CrashPoint.OBJECTS)
    publish.publish(hub, intake)
    return intake.report


@dataclass
class TableIntake:
    """One table on its way in."""

    table: Table
    checker: TableChecker
    spool: Spool
    tally: TableTally
    profiler: Profiler
    refusals: list[Refusal] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)


class Intake:
    """The state of one delivery between its first row and its snapshot."""

    def __init__(self, hub: Hub, arrived: Arrived, temp: Path, progress: Progress) -> None:
        self.hub, self.arrived, self.temp, self.progress = hub, arrived, temp, progress
        self.report = _report(arrived)
        self.dataset = self.report.dataset
        self.replaced = publish.check_replaces(hub, self.dataset, arrived.delivery)
        self.persons = Persons()
        self.hasher = KeyHasher()
        self.stage2 = SecondStage(
            identity.pseudonymiser(hub, arrived.holder.domain, arrived.data_class),
            identity.load(hub, self.dataset),
            self.persons,
        )
        self.tables: dict[str, TableIntake] = {}
        self._nirs = NirWatch()
        self._looked_at: dict[int, int] = {}
        self._read = known.KnownKeys(hub, self.dataset, self.replaced, self.hasher, self.persons)

    def check_all(self) -> None:
        """Every file of every table, registers of persons first, tables that lean on another last."""
        files = [(*resolve(self.arrived.model, f.table), f) for f in self.arrived.delivery.files]
        total = sum(f.rows for _, _, f in files)
        done = 0
        ordered = sorted(files, key=lambda f: (_ORDER[f[0].person.by], f[0].name, f[2].path))
        for table, group in groupby(ordered, key=lambda f: f[0]):
            intake = self._table(table)
            for _, year, file in group:
                self._check_file(intake, year, file, done, total)
                done += file.rows
            intake.checker.close()
        self._note_pending()

    def over_threshold(self) -> Denied | None:
        rows, quarantined = self.report.total("rows_in"), self.report.total("quarantined")
        agreed = Decimal(self.arrived.holder.threshold)
        if quarantined > rows * agreed:
            return Denied(
                "delivery.threshold",
                quarantined=quarantined,
                rows=rows,
                threshold=f"{agreed:.0%}",
                holder=self.arrived.holder.name,
            )
        return None

    def store_all(self) -> None:
        """Seals every group of rows and stores it. Until the snapshot is signed, nobody can find or open them."""
        place = {
            "hub": self.hub.id,
            "dataset": self.dataset,
            "delivery": self.arrived.delivery.id,
            "folder": self.temp,
        }
        for number, intake in enumerate(self.tables.values(), 1):
            self.progress("seal", number, len(self.tables))
            self._flush_refusals(intake, everything=True)
            held, intake.parts = intake.parts, []
            for part in held:
                self._store(intake, part)
            for part in parts_of(
                intake.table, intake.spool, self.persons, observe=intake.profiler.add, **place
            ):
                self._store(intake, part)

    def _table(self, table: Table) -> TableIntake:
        if table.name not in self.tables:
            model = self.arrived.model
            tally = self.report.tables[table.name] = TableTally(table.name)
            self.tables[table.name] = TableIntake(
                table,
                TableChecker(
                    table, lambda c: codes_for(model, c), self.hasher, self._read.keys, Putaway(self.temp)
                ),
                Spool(self.hub.buckets, self.temp, SPOOL_BYTES),
                tally,
                Profiler(table),
            )
        return self.tables[table.name]

    def _check_file(
        self, intake: TableIntake, year: int | None, file: DeliveredFile, done: int, total: int
    ) -> None:
        allowed = {c.name: c for c in columns_for(intake.table, year)}
        before = (intake.tally.rows_in, intake.tally.accepted, intake.tally.quarantined)
        with self.arrived.open(file) as raw:
            stream = Hashed(raw, file)
            for frame in intake.checker.frames(stream, file, allowed):
                self._take(intake, frame)
                self.progress("check", done + intake.tally.rows_in - before[0], total)
            stream.confirm()
        rows, accepted, quarantined = (
            now - then
            for now, then in zip(
                (intake.tally.rows_in, intake.tally.accepted, intake.tally.quarantined), before, strict=True
            )
        )
        if rows != file.rows:
            raise BadInput("delivery.rows", file=file.path, stated=file.rows, found=rows)
        self.report.files.append(
            {
                "file": file.path,
                "table": intake.table.name,
                "rows_in": rows,
                "accepted": accepted,
                "quarantined": quarantined,
            }
        )

    def _take(self, intake: TableIntake, frame: Frame) -> None:
        self._look_for_nirs(frame)
        self.stage2.apply(frame)
        if intake.table.person.by == "through":
            self._through(intake, frame)
        if frame.keys is not None and frame.persons is not None:
            intake.checker.index.add(frame.keys, frame.persons, frame.years())
        self._promote(frame)
        count(intake.tally, frame)
        intake.refusals += frame.refusals
        if len(intake.refusals) >= REFUSALS_HELD:
            self._flush_refusals(intake)
        if len(frame):
            intake.spool.add(frame, buckets_of(self.persons.ids, self.hub.buckets), days_of(frame))

    def _through(self, intake: TableIntake, frame: Frame) -> None:
        rule = intake.table.person
        assert rule.table is not None
        parent = self.arrived.model.tables[rule.table]
        target = self._parent(parent)
        target.checker.load_known(frame.years())
        reference = next(
            r
            for r in intake.table.references
            if r.table == rule.table and set(r.columns) == set(rule.columns)
        )
        mine = dict(zip(reference.table_columns, reference.columns, strict=True))
        pending = not len(target.checker.index)
        self.stage2.through(frame, target.checker.index, self.hasher, [mine[c] for c in parent.key], pending)

    def _parent(self, parent: Table) -> TableIntake:
        held = self.tables.get(parent.name)
        if held is None:
            held = self._table(parent)
            del self.report.tables[parent.name]
        return held

    def _look_for_nirs(self, frame: Frame) -> None:
        """Every new value of columns wide enough, and every refused row, before anything of it is kept."""
        for name, column in frame.columns.items():
            if isinstance(column, Plain):
                betrayed = self._nirs.look_at_numbers(name, column.values)
            elif (column.column.length or 99) >= 13:
                since = self._looked_at.get(id(column.vocabulary), 1)
                self._looked_at[id(column.vocabulary)] = len(column.vocabulary)
                betrayed = self._nirs.look(name, column.vocabulary.typed[since:])
            else:
                continue
            if betrayed:
                raise BadInput("delivery.nir", file=frame.file, column=name)
        for refusal in frame.refusals:
            if self._nirs.look_at_line(refusal.raw):
                raise BadInput("delivery.nir", file=refusal.file, column=refusal.column)

    def _promote(self, frame: Frame) -> None:
        """A holder's agreement may make a rule stricter: its rows go to quarantine after all."""
        promoted = self.arrived.holder.promoted
        strict = {why: rows for why, rows in frame.flags.items() if promoted.get(why[0]) == Severity.REFUSE}
        if not strict:
            return
        refused = np.logical_or.reduce(list(strict.values()))
        for row in np.flatnonzero(refused).tolist():
            rule, column = next(why for why, rows in strict.items() if rows[row])
            line = int(frame.lines[row])
            frame.refusals.append(Refusal(frame.file, line, column, rule, "", frame.raw(line)))
        frame.keep(~refused)

    def _flush_refusals(self, intake: TableIntake, everything: bool = False) -> None:
        while intake.refusals and (everything or len(intake.refusals) >= REFUSALS_HELD):
            batch, intake.refusals = intake.refusals[:REFUSALS_HELD], intake.refusals[REFUSALS_HELD:]
            number = sum(p.entry.role.value == "quarantine" for p in intake.parts)
            intake.parts.append(
                quarantine_part(
                    intake.table,
                    batch,
                    hub=self.hub.id,
                    dataset=self.dataset,
                    delivery=self.arrived.delivery.id,
                    folder=self.temp,
                    number=number,
                )
            )

    def _store(self, intake: TableIntake, part: Part) -> None:
        self.hub.store.put(part.sealed.name, part.path)
        self.hub.reached(
            CrashPoint.QUARANTINE if part.entry.role is Role.QUARANTINE else CrashPoint.FIRST_OBJECT
        )
        part.path.unlink()
        intake.parts.append(part)

    def _note_pending(self) -> None:
        """References to tables that were never delivered are pending: said once, counted against nobody."""
        held = set(self.tables) | self._read.tables()
        for intake in self.tables.values():
            for reference in intake.table.references:
                if intake.tally.rows_in and reference.table not in held:
                    self.report.notes.append(
                        {
                            "note": "pending-reference",
                            "table": intake.table.name,
                            "columns": list(reference.columns),
                            "to": reference.table,
                        }
                    )


@contextmanager
def _scratch(hub: Hub) -> Iterator[Path]:
    """A folder for sealed temporary files, removed at the end; `egide doctor` names what a crash left."""
    folder = Path(tempfile.mkdtemp(prefix="delivery-", dir=hub.temp))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


__all__ = ["Arrived", "Intake", "arrive", "dataset_of", "deliver"]
