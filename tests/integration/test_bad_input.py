"""Whatever a holder, an operator or a disk does wrong is said in one sentence, with the exit code of its family.

The sentence names file, line, column and rule, never a value; a hub that took nothing in holds nothing new.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support_crash.bad import CASES, Case
from support_crash.bad.attempt import Outcome, attempt
from support_crash.bad.page import page
from support_crash.bad.place import secrets_of
from support_crash.homes import copied
from support_crash.workers import Workers

PAGE = Path(__file__).parents[2] / "docs" / "bad-input.md"
DAILY = [c for c in CASES if not c.long]


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    with Workers(tmp_path_factory.mktemp("config")) as workers:
        yield workers


@pytest.fixture(scope="module")
def made(workers: Workers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub without data, a clean delivery, and a hub that holds it."""
    folder = tmp_path_factory.mktemp("made")
    workers.done("new_home", home=str(folder / "home"), buckets=1)
    workers.done("new_delivery", out=str(folder / "delivery"), people=60, seed=1, defects=0.0)
    copied(folder / "home", folder / "held")
    workers.done("take_in", home=str(folder / "held"), folder=str(folder / "delivery"))
    return folder


@pytest.fixture(scope="module")
def secrets(made: Path) -> set[str]:
    return secrets_of(made / "delivery")


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    """What the cases of this run came to, for the page."""
    return {}


def check(outcome: Outcome, secrets: set[str]) -> None:
    case = outcome.case
    leaked = [secret for secret in secrets if secret in outcome.printed]
    assert not leaked, "a value was printed"
    assert outcome.code == case.code, outcome.told()
    said = outcome.told()
    for fragment in case.says:
        assert fragment in said, said
    assert "Traceback" not in outcome.printed
    assert not outcome.new, f"left in the hub: {outcome.new}"


@pytest.mark.parametrize("case", DAILY, ids=lambda c: c.name)
def test_a_bad_input(
    case: Case,
    made: Path,
    workers: Workers,
    secrets: set[str],
    outcomes: dict[str, Outcome],
    tmp_path: Path,
) -> None:
    outcome = attempt(case, made, tmp_path / "place", workers, real=False)
    outcomes[case.name] = outcome
    check(outcome, secrets)


def test_the_page_is_current(outcomes: dict[str, Outcome]) -> None:
    assert len(outcomes) >= 40, "run the whole file: the page is written from all of it"
    written = page([outcomes[c.name] for c in DAILY])
    if os.environ.get("EGIDE_WRITE_BAD_INPUT"):
        PAGE.write_text(written, "utf-8")
    assert PAGE.read_text("utf-8") == written


@pytest.mark.prove
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_bad_input_typed_at_the_real_command(
    case: Case, made: Path, workers: Workers, secrets: set[str], tmp_path: Path
) -> None:
    check(attempt(case, made, tmp_path / "place", workers, real=True), secrets)


def test_the_cases_can_fail(made: Path, workers: Workers, secrets: set[str], tmp_path: Path) -> None:
    """A case that announces another code, or another sentence, is not passed."""
    [empty] = [c for c in CASES if c.name == "empty"]
    outcome = attempt(empty, made, tmp_path / "place", workers, real=False)
    for wrong in (replace(empty, code=0), replace(empty, says=("another sentence",))):
        with pytest.raises(AssertionError):
            check(replace(outcome, case=wrong), secrets)
    with pytest.raises(AssertionError):
        check(replace(outcome, out=f"{next(iter(secrets))}"), secrets)
    with pytest.raises(AssertionError):
        check(replace(outcome, new=("objects",)), secrets)
