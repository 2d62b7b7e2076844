"""Entries hold rounded counts only."""

from datetime import date

import pyarrow as pa

from egide.model.catalogue import Shape
from egide.model.records import DatasetRow, SnapshotRow
from egide.model.table import Column, Domain, Kind, PersonRule, Table
from egide.stages.catalogue import Profiler, dataset_entry, table_entry

TABLE = Table(
    "T",
    "test",
    (Column("WHO", Kind.TEXT, domain=Domain.ANO), Column("SEX", Kind.TEXT, codes="sex", label_fr="Sexe")),
    (),
    PersonRule("none"),
)


def test_counts_are_rounded_on_the_way_in() -> None:
    profiler = Profiler(TABLE)
    profiler.add(pa.record_batch({"SEX": ["1"] * 33}))
    profiles = {name: p.to_json() for name, p in profiler.finish().items()}
    entry = table_entry(TABLE, 33, {"2020": 3, "2019": 30}, profiles, flagged=7)
    assert (entry.rows, entry.flagged) == (35, None)
    assert list(entry.periods.items()) == [("2019", 30), ("2020", None)]
    assert [c.name for c in entry.columns] == ["SEX"], "a column that nobody delivered is not listed"
    assert entry.column("SEX").profile.shape is Shape.CODES
    assert entry.column("SEX").label("en") == "Sexe"


def test_a_dataset_is_held_since_its_first_snapshot() -> None:
    row = DatasetRow("snds-c0", "cnam", "snds", "2024", "C0")
    heads = [SnapshotRow("snds-c0", n, "r", "k", f"2026-11-2{n}T10:00:00Z", f"d{n}", 10) for n in (2, 1)]
    entry = dataset_entry(row, [], heads)
    assert entry.since == date(2026, 11, 21)
    assert [s.id for s in entry.snapshots] == ["snds-c0@1", "snds-c0@2"]
    assert entry.period is None
