"""Which keys have been seen, and whose rows they are.

Keys are compared as 64-bit hashes under a secret drawn for the run, so that nobody can prepare two keys that meet.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator

import numpy as np

from egide.frame.frame import Coded, Plain
from egide.frame.vocabulary import Vocabulary

BUDGET = 12_000_000  # rows of a table whose keys stay in memory: 12 bytes each
Back = Callable[[], list[np.ndarray]]  # brings back arrays that were put away

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def mix(values: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64-bit integers."""
    z = values + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


class KeyHasher:
    """Hashes the key columns of rows. One per run: its secret is never kept."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)
        self._seed = np.uint64(int.from_bytes(self._secret[:8], "big"))
        self._texts: dict[int, np.ndarray] = {}
        self._vocabularies: dict[int, Vocabulary] = {}

    def rows(self, columns: list[Coded | Plain], years: np.ndarray) -> np.ndarray:
        """One hash a row over the columns in order and the row's period."""
        hashed = mix(years.astype(np.uint64) ^ self._seed)
        for column in columns:
            hashed = mix(hashed ^ self._column(column))
        return hashed

    def values(self, columns: list[np.ndarray | list[str]], years: np.ndarray) -> np.ndarray:
        """The same over stored values: integer arrays, or lists of text."""
        hashed = mix(years.astype(np.uint64) ^ self._seed)
        for column in columns:
            words = column.view(np.uint64) if isinstance(column, np.ndarray) else self._of_texts(list(column))
            hashed = mix(hashed ^ words)
        return hashed

    def _column(self, column: Coded | Plain) -> np.ndarray:
        if isinstance(column, Plain):
            return column.values.view(np.uint64)
        if column.column.kind.value == "text":
            return self._by_code(column.vocabulary)[column.codes]
        return column.numbers().view(np.uint64)

    def _by_code(self, vocabulary: Vocabulary) -> np.ndarray:
        known = self._texts.get(id(vocabulary), np.empty(0, np.uint64))
        if len(known) < len(vocabulary):
            self._vocabularies[id(vocabulary)] = vocabulary  # kept alive, so that its id is not reused
            fresh = [v if isinstance(v, str) else "" for v in vocabulary.typed[len(known) :]]
            known = np.concatenate([known, self._of_texts(fresh)])
            self._texts[id(vocabulary)] = known
        return known

    def _of_texts(self, texts: list[str]) -> np.ndarray:
        digest = hashlib.blake2b
        return np.frombuffer(
            b"".join(digest(t.encode(), digest_size=8, key=self._secret).digest() for t in texts), np.uint64
        ).copy()


class KeyIndex:
    """Keys seen so far with the person of their row, by period. Raises nothing: it only remembers.

    At most `budget` rows stay in memory: periods not asked for lately are put away by `away` and come back by its
    answer. Both are given by whoever knows where sealed temporary files may go; without them all stays in memory."""

    def __init__(
        self, away: "Callable[[list[np.ndarray]], Back] | None" = None, budget: int = BUDGET
    ) -> None:
        self._away, self._budget = away, budget
        self._periods: OrderedDict[int, _Runs] = OrderedDict()
        self._put_away: dict[int, list[Back]] = {}
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def first_seen(self, keys: np.ndarray, years: np.ndarray) -> np.ndarray:
        """True for rows whose key was met neither before nor earlier in this array."""
        fresh = np.ones(len(keys), bool)
        for year, rows in _by_year(years):
            fresh[rows] = self._period(year).first_seen(keys[rows])
        return fresh

    def add(self, keys: np.ndarray, persons: np.ndarray, years: np.ndarray) -> None:
        for year, rows in _by_year(years):
            self._period(year).add(keys[rows], persons[rows])
        self._rows += len(keys)
        self._make_room()

    def persons_of(self, keys: np.ndarray, years: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each key: whether it is known, and the person of its row (-1 unknown)."""
        known = np.zeros(len(keys), bool)
        persons = np.full(len(keys), -1, np.int32)
        for year, rows in _by_year(years):
            known[rows], persons[rows] = self._period(year).persons_of(keys[rows])
        return known, persons

    def _period(self, year: int) -> "_Runs":
        runs = self._periods.pop(year, None) or _Runs()
        for back in self._put_away.pop(year, ()):
            runs.add(*back())
        self._periods[year] = runs
        return runs

    def _make_room(self) -> None:
        held = sum(len(runs) for runs in self._periods.values())
        while self._away is not None and held > self._budget and len(self._periods) > 1:
            year, runs = self._periods.popitem(last=False)
            held -= len(runs)
            self._put_away[year] = [self._away(list(run)) for run in runs.runs]


class _Runs:
    """The keys of one period: sorted runs that merge as they grow."""

    def __init__(self) -> None:
        self.runs: list[tuple[np.ndarray, np.ndarray]] = []

    def __len__(self) -> int:
        return sum(len(keys) for keys, _ in self.runs)

    def first_seen(self, keys: np.ndarray) -> np.ndarray:
        order = np.argsort(keys, kind="stable")
        ranked = keys[order]
        fresh = np.ones(len(keys), bool)
        fresh[order[1:]] = ranked[1:] != ranked[:-1]
        for run, _ in self.runs:
            hit, _ = _found(run, ranked)
            fresh[order[hit]] = False
        return fresh

    def add(self, keys: np.ndarray, persons: np.ndarray) -> None:
        order = np.argsort(keys)
        self.runs.append((keys[order], persons[order].astype(np.int32)))
        while len(self.runs) > 1 and len(self.runs[-2][0]) < 2 * len(self.runs[-1][0]):
            (a, whose_a), (b, whose_b) = self.runs[-2:]
            keys, persons = np.concatenate([a, b]), np.concatenate([whose_a, whose_b])
            order = np.argsort(keys, kind="stable")
            self.runs[-2:] = [(keys[order], persons[order])]

    def persons_of(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        order = np.argsort(keys)
        ranked = keys[order]
        known = np.zeros(len(keys), bool)
        persons = np.full(len(keys), -1, np.int32)
        for run, whose in self.runs:
            hit, at = _found(run, ranked)
            known[order[hit]] = True
            persons[order[hit]] = whose[at[hit]]
        return known, persons


def _by_year(years: np.ndarray) -> Iterator[tuple[int, np.ndarray | slice]]:
    """The years present, each with its rows."""
    if not len(years):
        return
    first = int(years[0])
    if (years == first).all():
        yield first, slice(None)
        return
    for year in np.unique(years).tolist():
        yield year, np.flatnonzero(years == year)


def _found(run: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which of the sorted `keys` stand in the sorted `run`, and where."""
    if not len(run):
        return np.zeros(len(keys), bool), np.zeros(len(keys), np.int64)
    at = np.minimum(np.searchsorted(run, keys), len(run) - 1)
    return run[at] == keys, at
