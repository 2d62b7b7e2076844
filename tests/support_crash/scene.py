"""A delivery that may be cut short: what a hub holds before it and after it, and nothing else is allowed."""

from pathlib import Path
from typing import Any

from support_crash.workers import Workers

CLEANABLE = {"orphan", "leftover", "temporary", "orphan-key"}
SAME = (
    "deliveries",
    "snapshots",
    "keys",
    "objects",
    "rows",
)  # not the ledger's size: cleaning is an event too


class Scene:
    """The hub `home` before the delivery `delivery`, and `done`, the same hub with it."""

    def __init__(self, workers: Workers, home: Path, delivery: Path, done: Path) -> None:
        self.workers, self.home, self.delivery = workers, home, delivery
        self.before = stated(workers.done("look", home=str(home)))
        self.after = stated(workers.done("look", home=str(done)))
        assert self.before != self.after

    def check(self, told: Any) -> str:
        """That a hub which was cut short is whole, once cleaned. Returns which of the two it is."""
        assert set(told["found"]) <= CLEANABLE, told["found"]
        assert told["cleaned"] == told["found"]
        assert told["left"] == told["again"] == []
        assert told["ledger"] is True
        assert told["broken"] == []
        found = stated(told)
        assert found in (self.before, self.after), "neither before nor after"
        return "before" if found == self.before else "after"

    def check_redelivered(self, told: Any, happened: str, *, named: bool = True) -> None:
        """That delivering again ends in the same rows. `named` False: the secret that names persons may have been
        lost before anything was named with it, so pseudonyms are left out of the comparison."""
        assert told["redelivered"] == ("unchanged" if happened == "after" else "accepted")
        compared = (lambda s: s) if named or happened == "after" else unnamed
        assert compared(stated(told["after"])) == compared(self.after)
        assert told["after"]["ledger"] is True
        assert told["after"]["broken"] == []


def stated(told: Any) -> Any:
    return {name: told[name] for name in SAME}


def unnamed(state: Any) -> Any:
    rows = {
        dataset: {table: [count, hashed and hashed[1]] for table, (count, hashed) in tables.items()}
        for dataset, tables in state["rows"].items()
    }
    return {**state, "rows": rows}
