"""No statement of the corpus gets a cell from outside the permit: with sqlglot on, and with the engine's fence alone."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from escape_corpus import COLUMNS, FAMILIES, INSIDE, OUTSIDE, Ground, ground

from egide.adapters.engines.duckdb import fence
from egide.adapters.engines.duckdb.fenced import GRACE, FencedEngine
from egide.model.errors import Denied, HubError
from egide.model.query import Limits
from egide.rules.sql import check

BOUNDS = fence.Bounds(memory=200 << 20, threads=2, seconds=1.0, rows=2000)
LIMITS = Limits(memory=200 << 20, threads=2, seconds=0.5, rows=2000)
IN_PROCESS = [family for family in FAMILIES if family not in ("bombs", "crashers")]
canaries = pa.table(
    {"secret": [f"{OUTSIDE}-variable"]}
)  # what a replacement scan of Python variables would find


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("EGIDE_CANARY", f"{OUTSIDE}-environment")
    monkeypatch.chdir(tmp_path)
    with ground(tmp_path) as prepared:
        yield prepared


def fenced(here: Ground) -> duckdb.DuckDBPyConnection:
    source = fence.Source(here.feed.schema(COLUMNS), lambda: here.feed.open(COLUMNS))
    return fence.fence(fence.engine(BOUNDS), {"IR_BEN_R": source}, BOUNDS)


def in_process(here: Ground, statement: str) -> str:
    """What the statement shows, or the code it ends with, as one text."""
    try:
        return str(fence.ask(fenced(here), statement, BOUNDS).to_pylist())
    except fence.FenceError as error:
        assert error.__cause__ is None and error.__context__ is None
        return f"code {error.code}"


def in_worker(here: Ground, statement: str) -> str:
    try:
        return str(FencedEngine().run(statement, {"IR_BEN_R": here.feed}, LIMITS).rows)
    except HubError as error:
        assert error.__cause__ is None and error.__context__ is None
        return f"code {error.key}: {error.in_language('fr')} {error.in_language('en')} {error.facts}"


def assert_nothing_left(here: Ground, before: set[Path], statement: str, shown: str) -> None:
    named = statement[:60]
    assert OUTSIDE not in shown, named
    assert not (shown.startswith("code ") and INSIDE in shown), named
    assert here.files() == before, named
    assert not here.callers, named


@pytest.mark.parametrize("family", IN_PROCESS)
def test_the_fence_alone_lets_nothing_out(here: Ground, family: str) -> None:
    before = here.files()
    for template in FAMILIES[family]:
        statement = here.fill(template)
        assert_nothing_left(here, before, statement, in_process(here, statement))


@pytest.mark.parametrize("family", [*IN_PROCESS, "crashers"])
def test_with_the_allow_list_nothing_gets_out_either(here: Ground, family: str) -> None:
    before = here.files()
    for template in FAMILIES[family]:
        statement = here.fill(template)
        try:
            checked = check(statement, {"IR_BEN_R": COLUMNS}).sql
        except Denied as error:
            shown = f"code {error.in_language('fr')} {error.in_language('en')} {error.facts}"
            assert INSIDE not in shown and OUTSIDE not in shown
            continue
        assert_nothing_left(here, before, statement, in_process(here, checked))


def test_most_of_the_corpus_never_reaches_the_engine(here: Ground) -> None:
    """What does is judged by the engine: casts, missing columns, and plain computations that take too long."""
    for family in ("files", "network", "writing", "settings", "catalogue", "crashers"):
        for template in FAMILIES[family]:
            with pytest.raises(Denied):
                check(here.fill(template), {"IR_BEN_R": COLUMNS})


@pytest.mark.parametrize("statement", FAMILIES["bombs"])
def test_a_bomb_ends_with_a_code_within_its_limits(here: Ground, statement: str) -> None:
    before, start = here.files(), time.monotonic()
    shown = in_worker(here, statement)
    assert shown.startswith("code engine."), shown
    assert time.monotonic() - start < LIMITS.seconds + GRACE + 10
    assert_nothing_left(here, before, statement, shown)


@pytest.mark.parametrize("statement", FAMILIES["crashers"])
def test_what_fells_an_engine_fells_a_worker_only(here: Ground, statement: str) -> None:
    before = here.files()
    assert_nothing_left(here, before, statement, in_worker(here, statement))
    assert in_worker(here, "SELECT COUNT(*) FROM IR_BEN_R") == "((200,),)"


@pytest.mark.parametrize("family", ["files", "network"])
def test_the_worker_lets_nothing_out_either(here: Ground, family: str) -> None:
    before = here.files()
    for template in FAMILIES[family][::4]:
        statement = here.fill(template)
        assert_nothing_left(here, before, statement, in_worker(here, statement))


def test_a_weak_fence_leaks(here: Ground) -> None:
    """The corpus can fail: one database with a view and no setting, as one might write at first."""
    weak = here.trusted
    weak.execute(
        "CREATE VIEW IR_BEN_R AS SELECT PERSON_ID, BEN_SEX_COD, BEN_NAI_ANN, NOTE FROM base WHERE PERSON_ID % 3 <> 0"
    )
    before = here.files()
    leaked = {
        family
        for family in ("files", "beyond_the_view", "engine_words", "writing", "network")
        if _leaks(here, weak, family, before)
    }
    assert leaked == {"files", "beyond_the_view", "engine_words", "writing", "network"}


def _leaks(here: Ground, weak: duckdb.DuckDBPyConnection, family: str, before: set[Path]) -> bool:
    return any(_leak(here, weak, here.fill(template), before) for template in FAMILIES[family])


def _leak(here: Ground, weak: duckdb.DuckDBPyConnection, statement: str, before: set[Path]) -> bool:
    if any(word in statement for word in ("DROP", "DELETE", "ALTER", "USE", "stdout", "stdin")):
        return False
    try:
        shown = str(weak.execute(statement).fetchall())
    except duckdb.Error as error:
        shown = str(error).replace(INSIDE, OUTSIDE)
    return OUTSIDE in shown or here.files() != before or bool(here.callers)


def test_the_environment_of_the_worker_is_empty(here: Ground) -> None:
    assert os.environ["EGIDE_CANARY"]
    engine = FencedEngine()
    engine.run("SELECT 1", {"IR_BEN_R": here.feed}, LIMITS)
    assert "limits" in engine.walls


def test_the_listener_counts_callers(here: Ground) -> None:
    with socket.create_connection(("127.0.0.1", here.port)) as caller:
        caller.recv(1)
    assert here.callers
