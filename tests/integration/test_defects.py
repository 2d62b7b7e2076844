"""Planted defects: every one is found at its severity, none is invented; every other row comes back value for value.

Refusals are read back from the sealed quarantine, flags and values from the sealed parts: what the store holds is
judged, not what a report says. A stored row is known again by all its values, identifiers as the hub's pseudonyms.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.hubs import environment, new_hub
from support.judge import Found, Judge
from support.plain import answers

from egide.journey.intake import deliver
from egide.journey.make import synth
from egide.model.delivery import RULES
from egide.wiring import Hub

YEARS = range(2019, 2022)


def planted(folder: Path) -> set[Found]:
    key = {(a["file"], int(a["line"]), a["rule"], a["severity"]) for a in answers(folder, "defects")}
    shared = {(a["file"], int(a["line"]), "ambiguous-person", "flag") for a in answers(folder, "ambiguous")}
    return key | shared


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


def test_the_greatest_seed_is_a_seed(tmp_path: Path, place: Path) -> None:
    made = synth(tmp_path / "out", people=60, years=range(2020, 2021), seed=2**63 - 1)
    assert made["class"] == "C0"


@pytest.mark.prove
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(
    seed=st.integers(0, 2**63 - 1),
    people=st.integers(60, 1500),
    defects=st.floats(0.0005, 0.002),
)
def test_whatever_the_seed(
    tmp_path_factory: pytest.TempPathFactory, seed: int, people: int, defects: float
) -> None:
    with environment(tmp_path_factory.mktemp("seed")) as folder:
        judge = judged(new_hub(folder), folder / "out", people=people, seed=seed, defects=defects)
        assert_exact(judge, folder / "out")
