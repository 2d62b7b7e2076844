"""The ledger in the hub's records passes the exam that every ledger store passes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.hubs import close_records
from unit.ledger.ledger_store_exam import LedgerStoreExam, grow

from egide.adapters.records.setup import make_database, open_database
from egide.model.errors import Denied, Unreachable
from egide.model.records import AccountRow
from egide.ports.ledger import LedgerStore
from egide.ports.records import Records


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


class TestLedgerInTheRecords(LedgerStoreExam):
    @pytest.fixture
    def store(self, records: Records) -> LedgerStore:
        return records.ledger


def test_a_transaction_that_fails_leaves_no_leaf_and_no_node(records: Records) -> None:
    with records.changing():
        grow(records.ledger, 3)
    with pytest.raises(Denied), records.changing():
        grow(records.ledger, 2)
        raise Denied("records.exists", kind="account")
    assert records.ledger.size() == 3
    assert [i for i, _ in records.ledger.nodes(0, 0, 99)] == [0, 1, 2]


def test_a_change_without_its_event_does_not_happen(records: Records) -> None:
    row = AccountRow("ada", ("researcher",), "00", "2026-01-01T00:00:00Z")
    with pytest.raises(AssertionError), records.changing():
        records.add(row)
    assert records.get(AccountRow, "ada") is None


def test_a_leaf_is_written_once(records: Records) -> None:
    with records.changing():
        grow(records.ledger, 1)
    with pytest.raises(Unreachable) as refused, records.changing():
        records.ledger.append_leaf(0, b"other", b"h" * 32, None)
    assert refused.value.key == "records.failed"
    assert records.ledger.leaf(0) != b"other"
