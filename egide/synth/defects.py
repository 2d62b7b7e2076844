"""Plants bad rows of each named kind in lines of CSV, and says where: the answer key of the checks.

What must be refused is an added line, a spoilt copy of a good one under a key of its own, so that nothing refers to it
and no second rule is broken. An unknown code is planted in place; what a flag keeps (care after death, a reference to
nothing) is an added line as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from egide.model.table import Column, Kind, Model, Table
from egide.registry import codes_for
from egide.synth.cells import ALPHABET, HEX, MONTHS, day
from egide.synth.misfits import MISFITS

Array = np.ndarray[Any, Any]
Cells = list[bytes]

SEMICOLON = b";"
REFUSE, FLAG = "refuse", "flag"

# The column that makes a copy's key its own, and the digit its number begins with: no good row's does.
FRESH = {
    "ER_PRS_F": ("DCT_ORD_NUM", "9"),
    "ER_PHA_F": ("DCT_ORD_NUM", "8"),
    "T_MCOaaC": ("RSA_NUM", "9"),
    "T_MCOaaB": ("RSA_NUM", "8"),
    "IR_BEN_R": ("BEN_NIR_PSA", ""),
    "KI_CCI_R": ("DCD_IDT_ENC", ""),
}
# The column to point at nobody, where a row without its person or parent is kept and flagged.
POINTS = {
    "ER_PRS_F": "BEN_NIR_PSA",
    "T_MCOaaC": "NIR_ANO_17",
    "KI_CCI_R": "BEN_IDT_ANO",
    "ER_PHA_F": "",
    "T_MCOaaB": "",
}
LAST_CARE = 45  # days after the later of death and new year: care after death stays within its year


@dataclass(frozen=True)
class Planted:
    """One bad row. `line` is physical, the header being 1; `column` is empty when it is not about one."""

    file: str
    line: int
    column: str
    rule: str
    severity: str


@dataclass(frozen=True)
class Dead:
    """Somebody who died, by the names of the register, sharing them with nobody."""

    psa: bytes
    rank: bytes
    death: int


class Planter:
    """Plants defects in one file, a block of lines at a time."""

    def __init__(
        self, model: Model, table: Table, names: list[str], file: str, year: int, rate: float
    ) -> None:
        self.table, self.names, self.file, self.year, self.rate = table, names, file, year, rate
        self.columns = [table.column(name) for name in names]
        self.at = {name: n for n, name in enumerate(names)}
        self._coded = list(self._codes(model))
        self._fresh = 0

    def plant(
        self, lines: bytes, first_line: int, rng: np.random.Generator, dead: list[Dead], sure: bool
    ) -> tuple[bytes, int, list[Planted]]:
        """The lines with their defects, how many lines they are now, and what was planted.

        `sure` asks for at least one defect of each kind that the table can have.
        """
        good = lines.split(b"\n")[:-1]
        if not good:
            return lines, 0, []
        inserted = list(self._inserted(good, rng, dead, sure))
        kept, changed = self._in_place(good, rng, sure)
        return self._assemble(kept, changed, inserted, first_line)

    def _count(self, lines: int, rng: np.random.Generator, sure: bool) -> int:
        return max(int(sure), int(self.rate * lines + rng.random()))

    def _inserted(
        self, good: list[bytes], rng: np.random.Generator, dead: list[Dead], sure: bool
    ) -> Iterator[tuple[int, bytes, str, str, str]]:
        """(position, line, column, rule, severity) of each added line."""
        for rule, spoil in MISFITS:
            for source in rng.integers(0, len(good), self._count(len(good), rng, sure)):
                cells = self._copy(good[source], rng)
                column = spoil(self.columns, self.table.key, rng, cells)
                if column is not None:
                    yield int(rng.integers(0, len(good) + 1)), SEMICOLON.join(cells), column, rule, REFUSE
        for _ in range(self._count(len(good), rng, sure)):
            yield int(rng.integers(0, len(good) + 1)), b"", "", "blank-line", REFUSE
        yield from self._twice(good, rng, sure)
        for rule, alter in (("reference", self._unreferred), ("after-death", self._after_death)):
            for source in rng.integers(0, len(good), self._count(len(good), rng, sure)):
                cells = self._copy(good[source], rng)
                column = alter(cells, rng, dead)
                if column is not None:
                    yield int(rng.integers(0, len(good) + 1)), SEMICOLON.join(cells), column, rule, FLAG

    def _twice(
        self, good: list[bytes], rng: np.random.Generator, sure: bool
    ) -> Iterator[tuple[int, bytes, str, str, str]]:
        if self.table.key:
            for source in rng.integers(0, len(good), self._count(len(good), rng, sure)):
                yield int(rng.integers(source + 1, len(good) + 1)), good[source], "", "duplicate-key", REFUSE

    def _copy(self, line: bytes, rng: np.random.Generator) -> Cells:
        """The cells of a good line under a key of their own."""
        cells = line.split(SEMICOLON)
        column, digit = FRESH[self.table.name]
        self._fresh += 1
        width = self.table.column(column).length or 10
        letters = HEX if column == "DCD_IDT_ENC" else ALPHABET
        cells[self.at[column]] = (
            f"{digit}{self._fresh:09d}".encode() if digit else rng.choice(letters, width).tobytes()
        )
        return cells

    def _unreferred(self, cells: Cells, rng: np.random.Generator, dead: list[Dead]) -> str | None:
        """Points the row at nobody; ER_PHA_F and T_MCOaaB do so by their new key. The column, if it is only one."""
        if self.table.name not in POINTS:
            return None
        if column := POINTS[self.table.name]:
            cells[self.at[column]] = rng.choice(ALPHABET, 17).tobytes()
        single = {r.columns[0] for r in self.table.references if len(r.columns) == 1}
        return column if column in single else ""

    def _after_death(self, cells: Cells, rng: np.random.Generator, dead: list[Dead]) -> str | None:
        possible = [d for d in dead if d.death < day(self.year, 10)]
        if "EXE_SOI_DTD" not in self.at or not possible:
            return None
        somebody = possible[int(rng.integers(0, len(possible)))]
        care = max(somebody.death + 1, day(self.year)) + int(rng.integers(0, LAST_CARE))
        values = _services_dates(care, self.year) if self.table.name == "ER_PRS_F" else _stay_dates(care)
        person = dict(zip(self.table.person.columns, (somebody.psa, somebody.rank), strict=False))
        for name, value in (values | person).items():
            cells[self.at[name]] = value
        return "EXE_SOI_DTD"

    def _codes(self, model: Model) -> Iterator[tuple[int, Column, bytes]]:
        """Columns whose code may be spoilt without breaking a key or a reference, with a code of no list."""
        bound = {
            *self.table.key,
            *self.table.person.columns,
            *(c for r in self.table.references for c in r.columns),
        }
        for n, column in enumerate(self.columns):
            codes = None if column.name in bound else codes_for(model, column, self.year)
            if codes is not None:
                yield n, column, _outside(column, codes)

    def _in_place(
        self, good: list[bytes], rng: np.random.Generator, sure: bool
    ) -> tuple[list[bytes], dict[int, str]]:
        """The lines, some with an unknown code, and the column of each of those."""
        if not self._coded:
            return good, {}
        kept, changed = list(good), {}
        for at in rng.permutation(len(good))[: self._count(len(good), rng, sure)]:
            n, column, code = self._coded[int(rng.integers(0, len(self._coded)))]
            cells = kept[at].split(SEMICOLON)
            cells[n] = code
            kept[at], changed[int(at)] = SEMICOLON.join(cells), column.name
        return kept, changed

    def _assemble(
        self,
        kept: list[bytes],
        changed: dict[int, str],
        inserted: list[tuple[int, bytes, str, str, str]],
        first_line: int,
    ) -> tuple[bytes, int, list[Planted]]:
        before: dict[int, list[tuple[int, bytes, str, str, str]]] = {}
        for addition in inserted:
            before.setdefault(addition[0], []).append(addition)
        final: list[bytes] = []
        planted: list[Planted] = []
        for at in range(len(kept) + 1):
            for _, line, column, rule, severity in before.get(at, ()):
                planted.append(Planted(self.file, first_line + len(final), column, rule, severity))
                final.append(line)
            if at in changed:
                planted.append(Planted(self.file, first_line + len(final), changed[at], "unknown-code", FLAG))
            final.extend(kept[at : at + 1])
        return b"\n".join(final) + b"\n", len(final), planted


def _outside(column: Column, codes: frozenset[str]) -> bytes:
    """A value of the column's type that is no code of its list."""
    if column.kind is Kind.INTEGER:
        return next(str(n) for n in range(3, 10**6) if str(n) not in codes).encode()
    width = min(column.length or 1, max(map(len, codes)))
    return next(c * width for c in "QXYJZ0123456789ABCDEFGH" if c * width not in codes).encode()


def _written(on: int, form: str) -> bytes:
    at = np.datetime64(on, "D").item()
    return form.format(d=at.day, m=at.month, y=at.year, b=MONTHS[at.month - 1]).encode()


def _services_dates(care: int, year: int) -> dict[str, bytes]:
    on = _written(care, "{d:02d}/{m:02d}/{y}")
    flow = {"FLX_DIS_DTD": f"01/12/{year}".encode(), "FLX_TRT_DTD": f"28/11/{year}".encode()}
    return {"EXE_SOI_DTD": on, "EXE_SOI_DTF": on, "PRE_PRE_DTD": on, **flow}


def _stay_dates(care: int) -> dict[str, bytes]:
    found: dict[str, bytes] = {"SOR_MOI": _written(care + 1, "{m:02d}")}
    for form, entry, out in (
        ("{d:02d}{b}{y}:00:00:00", "EXE_SOI_DTD", "EXE_SOI_DTF"),
        ("{d:02d}{m:02d}{y}", "ENT_DAT", "SOR_DAT"),
        ("{y}{m:02d}", "EXE_SOI_AMD", "EXE_SOI_AMF"),
    ):
        found |= {entry: _written(care, form), out: _written(care + 1, form)}
    return found
