"""Rows waiting for their group (period and person bucket) to be complete, in bounded memory.

Groups are kept in memory up to a budget; beyond it they are written to temporary files, each sealed under a key that
lives and dies with this process: nothing readable ever touches the disk.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np

from egide.crypto.key import Key
from egide.crypto.seal import SealWriter, Unsealed
from egide.frame.frame import Coded, Frame, Plain
from egide.frame.vocabulary import Vocabulary
from egide.model.sealed import Context, Role

Group = tuple[int, int]  # year (0 for a register), person bucket

NO_DAY = np.iinfo(np.int32).max


@dataclass(slots=True)
class Slice:
    """Some rows of one group: arrays of equal length, one or two a column."""

    arrays: dict[str, np.ndarray]
    vocabularies: dict[str, Vocabulary]

    def __len__(self) -> int:
        return len(self.arrays["persons"])

    @property
    def size(self) -> int:
        return sum(a.nbytes for a in self.arrays.values())


@dataclass(frozen=True, slots=True)
class _Spilled:
    """Where a slice went: its file and the shapes that bring it back."""

    path: Path
    key: Key
    shapes: tuple[tuple[str, str, int], ...]
    vocabularies: dict[str, Vocabulary] = field(repr=False)


class Spool:
    """Collects the rows of one table by group."""

    def __init__(self, buckets: int, folder: Path, budget: int) -> None:
        self.buckets = buckets
        self._folder = folder
        self._budget = budget
        self._held: dict[Group, list[Slice]] = defaultdict(list)
        self._spilled: dict[Group, list[_Spilled]] = defaultdict(list)
        self._size = 0
        self.flag_names: list[str] = [""]
        self._flag_codes: dict[str, int] = {"": 0}

    def add(self, frame: Frame, bucket_of_person: np.ndarray, days: np.ndarray) -> None:
        """Takes a frame whose persons are known. `days` orders a person's rows."""
        if not len(frame):
            return
        assert frame.persons is not None
        years = frame.years()
        spread = frame.keys if frame.keys is not None else frame.lines.astype(np.uint64)
        orphans = (spread % np.uint64(self.buckets)).astype(np.int64)
        known = np.append(bucket_of_person, 0)  # the last place is nobody's
        buckets = np.where(frame.persons >= 0, known[frame.persons], orphans)
        groups = years * self.buckets + buckets
        order = np.argsort(groups, kind="stable")
        ranked = groups[order]
        cuts = np.flatnonzero(np.diff(ranked)) + 1
        flags = self._flags(frame)
        for rows in np.split(order, cuts):
            group = int(groups[rows[0]])
            self._hold((group // self.buckets, group % self.buckets), self._slice(frame, rows, days, flags))
        if self._size > self._budget:
            self._spill()

    def groups(self) -> list[Group]:
        return sorted(set(self._held) | set(self._spilled))

    def take(self, group: Group) -> list[Slice]:
        """All rows of a group, once."""
        return [*(_read(s) for s in self._spilled.pop(group, [])), *self._held.pop(group, [])]

    def discard(self) -> None:
        """Removes what was written."""
        for spilled in self._spilled.values():
            for one in spilled:
                one.path.unlink(missing_ok=True)
        self._spilled.clear()
        self._held.clear()

    def _hold(self, group: Group, rows: Slice) -> None:
        self._held[group].append(rows)
        self._size += rows.size

    def _slice(self, frame: Frame, rows: np.ndarray, days: np.ndarray, flags: np.ndarray) -> Slice:
        assert frame.persons is not None
        arrays = {"persons": frame.persons[rows], "days": days[rows].astype(np.int32), "flags": flags[rows]}
        vocabularies = {}
        for name, column in frame.columns.items():
            if isinstance(column, Plain):
                arrays[f"plain:{name}"] = column.values[rows]
                arrays[f"absent:{name}"] = column.absent[rows]
            else:
                arrays[f"coded:{name}"] = _narrow(column, rows)
                vocabularies[name] = column.vocabulary
        return Slice(arrays, vocabularies)

    def _flags(self, frame: Frame) -> np.ndarray:
        """One small number a row for the set of flags that it carries."""
        codes = np.zeros(len(frame), np.int64)
        for (rule, column), rows in frame.flags.items():
            if not rows.any():
                continue
            added = np.unique(codes[rows])
            target = {c: self._flag_code(self.flag_names[c], f"{column}:{rule}") for c in added.tolist()}
            mapped = np.array([target[c] for c in added.tolist()], np.int64)
            codes[rows] = mapped[np.searchsorted(added, codes[rows])]
        return codes.astype(np.int32)

    def _flag_code(self, before: str, flag: str) -> int:
        name = f"{before} {flag}".strip()
        if name not in self._flag_codes:
            self._flag_codes[name] = len(self.flag_names)
            self.flag_names.append(name)
        return self._flag_codes[name]

    def _spill(self) -> None:
        for group, slices in self._held.items():
            self._spilled[group] += [_write(joined, self._folder) for joined in _joined(slices)]
        self._held.clear()
        self._size = 0


class Putaway:
    """Puts arrays into a sealed temporary file; the answer brings them back, once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, arrays: list[np.ndarray]) -> Callable[[], list[np.ndarray]]:
        spilled = _write(Slice({str(n): array for n, array in enumerate(arrays)}, {}), self._folder)
        return lambda: list(_read(spilled).arrays.values())


def _narrow(column: Coded, rows: np.ndarray) -> np.ndarray:
    """Codes in the fewest bytes that hold them."""
    size = len(column.vocabulary)
    kind = np.uint8 if size <= 1 << 8 else np.uint16 if size <= 1 << 16 else np.int32
    return column.codes[rows].astype(kind)


def _joined(slices: list[Slice]) -> Iterator[Slice]:
    """Slices of one shape that follow one another as one: the order of rows is the order in which they came."""
    for _, alike in groupby(slices, lambda s: (tuple(s.arrays), *map(id, s.vocabularies.values()))):
        same = list(alike)
        arrays = {name: np.concatenate([s.arrays[name] for s in same]) for name in same[0].arrays}
        yield Slice(arrays, same[0].vocabularies)


def _context(key: Key) -> Context:
    return Context("spill", "spill", Role.PART, key.id)


def _write(rows: Slice, folder: Path) -> _Spilled:
    key = Key.generate()
    with SealWriter(folder, key, _context(key), pad=False) as out:
        for values in rows.arrays.values():
            out.write(memoryview(np.ascontiguousarray(values)).cast("B"))
        out.finish(sync=False)
    shapes = tuple((name, values.dtype.str, len(values)) for name, values in rows.arrays.items())
    return _Spilled(out.path, key, shapes, rows.vocabularies)


class _FileSource:
    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.size = path.stat().st_size

    def read_at(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(length)

    def close(self) -> None:
        self._file.close()


def _read(spilled: _Spilled) -> Slice:
    source = _FileSource(spilled.path)
    size = sum(np.dtype(kind).itemsize * count for _, kind, count in spilled.shapes)
    data = Unsealed(source, spilled.key, _context(spilled.key), plain_size=size, pad=False).read_at(0, size)
    source.close()
    spilled.path.unlink()
    arrays, at = {}, 0
    for name, kind, count in spilled.shapes:
        arrays[name] = np.frombuffer(data, np.dtype(kind), count, at)
        at += arrays[name].nbytes
    return Slice(arrays, spilled.vocabularies)
