"""The plain store passes the exam that the real ones pass."""

import pytest
from ledger_store_exam import LedgerStoreExam
from memory_ledger import MemoryLedger

from egide.ports.ledger import LedgerStore


class TestMemoryLedger(LedgerStoreExam):
    @pytest.fixture
    def store(self) -> LedgerStore:
        return MemoryLedger()
