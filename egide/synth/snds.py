"""`egide synth snds`: deliveries of invented persons in the shape of the SNDS, with the answers beside them.

    IR_BEN_R.csv  ER_PRS_F_2019.csv  ER_PHA_F_2019.csv  T_MCO19B.csv  T_MCO19C.csv  KI_CCI_R_2019.csv ...
    delivery.toml             the manifest (DESIGN 8): what is delivered
    answers/defects.csv       where each planted defect stands, and the rule it breaks
    answers/ambiguous.csv     stays of persons who share their PSA: normal, and nobody can tell who it was
    answers/truth.csv         who has which illness since when
    answers/objections.csv    who objects to the use of their data

Persons are drawn in blocks, each from its own counted stream of random numbers: memory does not grow with their
number, and the same seed and arguments give the same bytes.
"""

import csv
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from egide.model.errors import BadUsage
from egide.registry import model_of, resolve
from egide.synth.care import dispensed, draw_lines, services
from egide.synth.cells import NEVER
from egide.synth.deaths import certificates
from egide.synth.defects import Dead, Planter
from egide.synth.files import TableFile, WrittenFile, csv_lines, write_manifest
from egide.synth.people import BLOCK, Part, People, draw_people, register, stream
from egide.synth.stays import ambiguous, described, draw_stays, patients
from egide.synth.world import world

FIRST_YEAR, LAST_YEAR = 2014, 2035  # causes of death begin in 2013, and a flow holds care of the year before
MOST_DEFECTS = 0.05
FEWEST = 50
OBJECTORS = 0.002
DIALECT = {"delimiter": ";", "encoding": "utf-8", "dates": "dd/MM/yyyy", "null": ""}
ANSWERS = {
    "defects": ("file", "line", "column", "rule", "severity"),
    "ambiguous": ("file", "line"),
    "truth": ("BEN_NIR_PSA", "BEN_RNG_GEM", "illness", "onset"),
    "objections": ("BEN_NIR_PSA", "BEN_RNG_GEM"),
}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SynthReport:
    """What was written: the delivery's id, its files, and how much was planted."""

    id: str
    people: int
    files: tuple[WrittenFile, ...]
    planted: int
    objections: int

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)


def write(
    out: Path, *, people: int, years: range, seed: int, defects: float = 0.0, progress: Progress | None = None
) -> SynthReport:
    """Writes a delivery of `people` invented persons over `years` into the new folder `out`.

    `defects` is the rate at which each kind of bad row is planted in each file (at least one of each kind).
    Raises BadUsage when an argument makes no sense or the folder is not empty.
    """
    _check_arguments(out, people, years, seed, defects)
    (out / "answers").mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        writing = _Writing(stack, out, seed, years, defects)
        for block, first in enumerate(range(0, people, BLOCK)):
            count = min(BLOCK, people - first)
            writing.block(draw_people(world(), seed, block, count, years), block)
            if progress:
                progress(first + count, people)
        files = [file.written() for file in writing.files.values()]
        report = SynthReport(
            _id(people, years, seed, defects), people, tuple(files), writing.planted, writing.objections
        )
    head = {
        "id": report.id,
        "holder": "cnam",
        "source": "données fictives, générateur d'Égide",
        "model": "snds",
        "model_version": model_of("snds").version,
        "period": f"{years[0]}-{years[-1]}",
    }
    write_manifest(out, head, DIALECT, files)
    return report


def _check_arguments(out: Path, people: int, years: range, seed: int, defects: float) -> None:
    if people < FEWEST:
        raise BadUsage("synth.people", least=FEWEST)
    if not years or years.step != 1 or years[0] < FIRST_YEAR or years[-1] > LAST_YEAR:
        raise BadUsage("synth.years", first=FIRST_YEAR, last=LAST_YEAR)
    if not 0 <= seed < 2**63:
        raise BadUsage("synth.seed")
    if not 0 <= defects <= MOST_DEFECTS:
        raise BadUsage("synth.defects", most=MOST_DEFECTS)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadUsage("synth.not-empty", folder=out.name)


def _id(people: int, years: range, seed: int, defects: float) -> str:
    rate = f"-d{defects:g}" if defects else ""
    return f"synth-snds-s{seed}-p{people}-y{years[0]}-{years[-1]}{rate}"


class _Writing:
    """The open files of a delivery in the making."""

    def __init__(self, stack: ExitStack, out: Path, seed: int, years: range, defects: float) -> None:
        self.seed, self.years, self.rate = seed, years, defects
        names = ["IR_BEN_R"]
        for year in years:
            short = f"{year % 100:02d}"
            names += [
                f"ER_PRS_F_{year}",
                f"ER_PHA_F_{year}",
                f"T_MCO{short}B",
                f"T_MCO{short}C",
                f"KI_CCI_R_{year}",
            ]
        self.files = {name: stack.enter_context(TableFile(out, name)) for name in names}
        self._planters: dict[str, Planter] = {}
        self._answers = {}
        for name, header in ANSWERS.items():
            file = stack.enter_context(
                (out / "answers" / f"{name}.csv").open("x", encoding="utf-8", newline="")
            )
            self._answers[name] = csv.writer(file, lineterminator="\n")
            self._answers[name].writerow(header)
        self.planted = self.objections = 0

    def block(self, people: People, block: int) -> None:
        """Writes everything about a block of persons."""
        dead = _dead(people)
        self._append("IR_BEN_R", register(people, self.seed, block, self.years), block, dead)
        for year in self.years:
            lines = draw_lines(people, self.seed, block, year)
            self._append(f"ER_PRS_F_{year}", services(people, lines, year, self.seed, block), block, dead)
            self._append(f"ER_PHA_F_{year}", dispensed(people, lines), block, dead)
            stays, short = draw_stays(people, self.seed, block, year), f"{year % 100:02d}"
            unsure = ambiguous(people, stays)
            self._append(f"T_MCO{short}B", described(people, stays, year), block, dead, unsure)
            self._append(f"T_MCO{short}C", patients(people, stays, year), block, dead, unsure)
            self._append(f"KI_CCI_R_{year}", certificates(people, self.seed, block, year), block, dead)
        self._truth(people)
        self._objections(people, block)

    def _append(
        self,
        name: str,
        columns: dict[str, Any],
        block: int,
        dead: list[Dead],
        unsure: np.ndarray[Any, Any] | None = None,
    ) -> None:
        file = self.files[name]
        file.header(list(columns))
        first, lines, rows = file.next_line, csv_lines(columns), len(next(iter(columns.values())))
        added: set[int] = set()
        if self.rate:
            rng = stream(self.seed, block, Part.DEFECTS, list(self.files).index(name))
            lines, rows, planted = self._planter(name, list(columns)).plant(
                lines, first, rng, dead, sure=block == 0
            )
            self._answers["defects"].writerows(
                (p.file, p.line, p.column, p.rule, p.severity) for p in planted
            )
            self.planted += len(planted)
            added = {p.line for p in planted if p.rule != "unknown-code"}
        if unsure is not None:
            good = [n for n in range(first, first + rows) if n not in added]
            self._answers["ambiguous"].writerows((file.path.name, good[n]) for n in np.flatnonzero(unsure))
        file.append(lines, rows)

    def _planter(self, name: str, columns: list[str]) -> Planter:
        if name not in self._planters:
            model = model_of("snds")
            table, year = resolve(model, name)
            self._planters[name] = Planter(
                model, table, columns, f"{name}.csv", year or self.years[-1], self.rate
            )
        return self._planters[name]

    def _truth(self, people: People) -> None:
        psa, rank = people.names.psa.to_pylist(), people.names.rank
        for n, illness in enumerate(people.world.illnesses):
            for who in np.flatnonzero(people.onset[n] < NEVER):
                onset = np.datetime64(int(people.onset[n, who]), "D")
                self._answers["truth"].writerow((psa[who], rank[who], illness, onset))

    def _objections(self, people: People, block: int) -> None:
        chosen = stream(self.seed, block, Part.OBJECTIONS).random(people.count) < OBJECTORS
        if block == 0 and not chosen.any():
            chosen[people.count // 2] = True
        psa, rank = people.names.psa.to_pylist(), people.names.rank
        rows = np.flatnonzero(chosen[people.names.of])
        self._answers["objections"].writerows((psa[row], rank[row]) for row in rows)
        self.objections += int(chosen.sum())


def _dead(people: People) -> list[Dead]:
    """Those of the block who died; none of them shares a PSA."""
    who = np.flatnonzero(people.death < NEVER)
    psa = people.names.psa.to_pylist()
    return [Dead(psa[w].encode(), str(people.names.rank[w]).encode(), int(people.death[w])) for w in who]
