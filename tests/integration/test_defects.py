"""Planted defects: every one is found at its severity, none is invented; every other row comes back value for value.

Refusals are read back from the sealed quarantine, flags and values from the sealed parts: what the store holds is
judged, not what a report says. A stored row is known again by all its values, identifiers as the hub's pseudonyms.
"""

from collections import Counter, defaultdict
from functools import cached_property
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.hubs import environment, new_hub
from support.plain import PlainDelivery, PlainFile, answers
from support.stored import entries_of, refusals_of, rows_of

from egide.journey.identity import pseudonymiser
from egide.journey.intake import deliver
from egide.journey.make import synth
from egide.journey.start import FIRST_HOLDER
from egide.model.delivery import RULES, DeliveryReport
from egide.model.sealed import Role
from egide.model.table import DataClass
from egide.wiring import Hub

YEARS = range(2019, 2022)
Found = tuple[str, int, str, str]  # file, line, rule, severity


def planted(folder: Path) -> set[Found]:
    key = {(a["file"], int(a["line"]), a["rule"], a["severity"]) for a in answers(folder, "defects")}
    shared = {(a["file"], int(a["line"]), "ambiguous-person", "flag") for a in answers(folder, "ambiguous")}
    return key | shared


class Judge:
    """What the hub's store says of a delivery, beside what the delivery's files say."""

    def __init__(self, hub: Hub, folder: Path, report: DeliveryReport) -> None:
        self.hub, self.report = hub, report
        self.delivery = PlainDelivery(folder)
        self.refusals = refusals_of(hub, report.delivery)
        self.refused: dict[str, set[int]] = defaultdict(set)
        for row in self.refusals:
            self.refused[str(row["file"])].add(int(str(row["line"])))

    def found(self) -> Counter[Found]:
        """Every refusal and flag, with how often it was said."""
        told: Counter[Found] = Counter()
        for row in self.refusals:
            told[str(row["file"]), int(str(row["line"])), str(row["rule"]), "refuse"] += 1
        for path, line, _, rule in self.flags:
            told[path, line, rule, "flag"] = 1
        return told

    @cached_property
    def flags(self) -> set[tuple[str, int, str, str]]:
        """(file, line, column, rule) of every flag in the store. Fails where a row is missing, altered or invented."""
        keyed = pseudonymiser(self.hub, FIRST_HOLDER[1], DataClass.C0)
        told = set()
        for table in {f.table.name for f in self.delivery.files}:
            names = [c.name for c in self.delivery.model.tables[table].columns]
            stored: dict[tuple[object, ...], list[str]] = defaultdict(list)
            for row, _, flags in rows_of(self.hub, str(self.report.snapshot), table, names):
                stored[row].append(flags)
            for file in (f for f in self.delivery.files if f.table.name == table):
                lines = self.accepted(file)
                for line, values in self.delivery.typed(file, lines, keyed):
                    given = dict(zip(file.names, values, strict=True))
                    row = tuple(given.get(n) for n in names)
                    assert stored.get(row), (
                        f"{file.path}, line {line}: accepted, and not in the store as it was"
                    )
                    flags = stored[row].pop()
                    told |= {(file.path, line, *f.split(":")) for f in flags.split()}
            left = sum(map(len, stored.values()))
            assert left == 0, f"{table}: {left} rows in the store that nobody delivered"
        return told

    def accepted(self, file: PlainFile) -> list[int]:
        lines = [n for n in range(2, file.count + 2) if n not in self.refused[file.path]]
        assert all(n in file.lines for n in lines), f"{file.path}: a line that is no row was accepted"
        return lines

    def assert_accounted_for(self) -> None:
        """Rows in = accepted + quarantined, by file and by table, in the report, the manifest and the store."""
        for file, told in zip(
            sorted(self.delivery.files, key=lambda f: f.path),
            sorted(self.report.files, key=lambda f: str(f["file"])),
            strict=True,
        ):
            assert told["file"] == file.path
            assert told["rows_in"] == file.count
            assert told["accepted"] == len(self.accepted(file))
            assert told["quarantined"] == len(self.refused[file.path])
        kept = Counter[str]()
        aside = Counter[str]()
        for entry in entries_of(self.hub, str(self.report.snapshot)):
            kept[entry.table] += entry.rows
        for entry in entries_of(self.hub, str(self.report.snapshot), role=Role.QUARANTINE):
            aside[entry.table] += entry.rows
        for name, tally in self.report.tables.items():
            assert tally.balanced()
            assert (tally.accepted, tally.quarantined) == (kept[name], aside[name])


def judged(hub: Hub, folder: Path, *, people: int, seed: int, defects: float) -> Judge:
    synth(folder, people=people, years=YEARS, seed=seed, defects=defects)
    return Judge(hub, folder, deliver(hub, folder, "cnam"))


def assert_exact(judge: Judge, folder: Path) -> None:
    found, key = judge.found(), planted(folder)
    missed, invented = sorted(key - found.keys()), sorted(found.keys() - key)
    assert (missed, invented) == ([], [])
    assert [what for what, times in found.items() if times > 1] == []
    assert [r for r in judge.refusals if r["also"]] == []
    judge.assert_accounted_for()


@pytest.fixture(scope="module")
def spoilt(place: Path) -> Path:
    return place / "spoilt"


@pytest.fixture(scope="module")
def judge(hub: Hub, spoilt: Path) -> Judge:
    return judged(hub, spoilt, people=400, seed=11, defects=0.001)


def test_every_defect_is_found_at_its_severity_and_none_is_invented(judge: Judge, spoilt: Path) -> None:
    assert_exact(judge, spoilt)


def test_every_kind_of_defect_was_planted(spoilt: Path) -> None:
    """Else the test above would prove less than it says."""
    rules = {rule for _, _, rule, _ in planted(spoilt)}
    assert rules == {rule for rule, severity in RULES.items() if severity.value != "note"}


def test_the_column_named_is_the_one_that_was_spoilt(judge: Judge, spoilt: Path) -> None:
    named = {(a["file"], int(a["line"]), a["rule"]): a["column"] for a in answers(spoilt, "defects")}
    told = {(p, n, rule): column for p, n, column, rule in judge.flags}
    told |= {(str(r["file"]), int(str(r["line"])), str(r["rule"])): str(r["column"]) for r in judge.refusals}
    wrong = [at for at, column in named.items() if column and told[at] != column]
    assert wrong == []


def test_a_clean_delivery_gives_no_refusal_and_no_flag_but_shared_pseudonyms(
    tmp_path: Path, place: Path
) -> None:
    hub = new_hub(tmp_path)
    judge = judged(hub, tmp_path / "clean", people=200, seed=5, defects=0.0)
    assert judge.refusals == []
    assert {rule for _, _, rule, _ in judge.found()} <= {"ambiguous-person"}
    assert_exact(judge, tmp_path / "clean")


@pytest.mark.prove
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**62),
    people=st.integers(60, 1500),
    defects=st.floats(0.0005, 0.002),
)
def test_whatever_the_seed(
    tmp_path_factory: pytest.TempPathFactory, seed: int, people: int, defects: float
) -> None:
    with environment(tmp_path_factory.mktemp("seed")) as folder:
        judge = judged(new_hub(folder), folder / "out", people=people, seed=seed, defects=defects)
        assert_exact(judge, folder / "out")
