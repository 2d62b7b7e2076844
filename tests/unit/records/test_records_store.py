"""The records give back the very rows that they were given, and nothing half done."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.hubs import close_records

from egide.adapters.records.setup import make_database, open_database
from egide.model import records as rows
from egide.model.errors import Denied
from egide.model.event import Event, EventKind
from egide.ports.records import Records
from egide.stages import ledger

EXAMPLES = (
    rows.HubRow("h", "Égide", "2026-01-01T00:00:00Z", {"buckets": 4, "nested": {"a": [1, 2]}}),
    rows.AccountRow("ada", ("researcher", "reviewer"), "aa", "2026-01-01T00:00:00Z"),
    rows.HolderRow("cnam", "snds", "", "0.20", {"reference": "refuse"}),
    rows.DatasetRow("d", "cnam", "snds", "1", "C3"),
    rows.DeliveryRow("x", "cnam", "d", "ff", "2026-01-01T00:00:00Z", "accepted", "", 1, {"rows_in": 3}),
    rows.KeyRow("k", "d", 1, bytes(range(256))),
    rows.SnapshotRow("d", 1, "root", "k", "2026-01-01T00:00:00Z", "x", 1 << 40),
    rows.ExclusionRow("ab" * 20, 2),
    rows.ProfileRow("d", "T", 1, ("2019", "2020"), 5, {"columns": {}}),
    rows.ProjectRow("P", "title", "ada", "applied", {"years": [2019, 2020]}, "ff"),
    rows.ActRow("a", "review", "ff", "O", "ada", "approve", "2026-01-01T00:00:00Z", {"act": {}}),
    rows.PermitRow("p", "P", "granted", "2026-01-01T00:00:00Z", {"persons": ["ada"]}, "ee"),
    rows.OutputRow("O", "p", "ada", "2026-01-01T00:00:00Z", "made", "ff", "ee", "d@1", "exclusions@0", {"hidden": 0}, b"\x00\xff"),
    rows.ReleaseRow("O", "2026-01-01T00:00:00Z", b"{}"),
)  # fmt: skip


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    yield opened(tmp_path / "records.sqlite3", make_database)
    close_records()


def opened(path: Path, how: Callable[[Path], None] = open_database) -> Records:
    """Django's models exist only once a database is chosen."""
    how(path)
    open_database(path)
    from egide.adapters.records.store import DjangoRecords

    return DjangoRecords()


def key_of(row: object) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in row.key)  # type: ignore[attr-defined]


def an_event(records: Records) -> None:
    event = Event(EventKind.RECORDS_CHANGED, "2026-01-01T00:00:00Z", {"what": "test"})
    ledger.append(records.ledger, event, lambda side: side)


def test_there_is_an_example_of_every_row() -> None:
    assert [type(e) for e in EXAMPLES] == list(rows.ROWS)


def test_every_row_reads_back_equal(records: Records) -> None:
    for row in EXAMPLES:
        records.add(row)
        assert records.get(type(row), *key_of(row)) == row
        assert records.where(type(row)) == [row] and records.count(type(row)) == 1


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda r: type(r).__name__)
def test_a_key_is_added_once_and_replaced_whole(records: Records, row: object) -> None:
    records.add(row)
    with pytest.raises(Denied) as refused:
        records.add(row)
    assert refused.value.key == "records.exists"
    records.replace(row)
    assert records.where(type(row)) == [row]
    assert records.remove(type(row)) == 1 and records.get(type(row), *key_of(row)) is None


def test_rows_come_in_the_order_of_their_key(records: Records) -> None:
    many = [rows.SnapshotRow("d", n, "r", "k", "", "x", n) for n in (10, 2, 33, 1)]
    records.add_all(many)
    records.add_all([])
    assert [r.sequence for r in records.where(rows.SnapshotRow, dataset="d")] == [1, 2, 10, 33]
    assert records.where(rows.SnapshotRow, dataset="e") == []
    assert records.count(rows.SnapshotRow, rows__gt=2) == 2


def test_more_rows_than_one_statement_holds(records: Records) -> None:
    records.add_all([rows.KeyRow(f"{n:05d}", "d", 1, b"w") for n in range(1_700)])
    assert records.count(rows.KeyRow) == 1_700


def test_a_change_that_fails_leaves_nothing(records: Records) -> None:
    with pytest.raises(Denied), records.changing():
        records.add(EXAMPLES[1])
        an_event(records)
        records.add(EXAMPLES[1])
    assert records.count(rows.AccountRow) == records.ledger.size() == 0


def test_what_is_no_row_is_no_part_of_the_records(records: Records) -> None:
    with pytest.raises(TypeError):
        records.where(str)


def test_a_backup_is_a_whole_database(records: Records, tmp_path: Path) -> None:
    for row in EXAMPLES:
        records.add(row)
    (tmp_path / "copy.sqlite3").write_bytes(records.backup())
    copy = opened(tmp_path / "copy.sqlite3")
    assert all(copy.where(type(row)) == [row] for row in EXAMPLES)
