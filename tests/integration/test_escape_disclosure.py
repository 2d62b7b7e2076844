"""The whole way of a question outside C0: allow-list, recognition, fenced engine, suppression."""

from pathlib import Path

import pytest

from egide.adapters.engines.duckdb import trusted
from egide.adapters.engines.duckdb.feed import RelationFeed
from egide.adapters.engines.duckdb.fenced import FencedEngine
from egide.model.errors import BadUsage, Denied
from egide.model.query import Answer, Limits, ViewColumn, ViewTable
from egide.model.table import Kind
from egide.rules.disclosure import NotRecognised, Policy, recognise, suppress, with_persons
from egide.rules.sql import check

TABLE = ViewTable(
    "IR_BEN_R",
    (
        ViewColumn("PERSON_ID", Kind.TEXT),
        ViewColumn("BEN_SEX_COD", Kind.TEXT, public=True),
        ViewColumn("DEP", Kind.TEXT),
    ),
)
TABLES = {"IR_BEN_R": TABLE}
LIMITS = Limits(memory=200 << 20, seconds=20, rows=1000)


def ask(temp: Path, sql: str) -> Answer:
    connection = trusted.connect(temp, "200MB", 1)
    connection.execute(
        "CREATE TABLE base AS SELECT md5(range::VARCHAR) AS PERSON_ID, (range % 2 + 1)::VARCHAR AS BEN_SEX_COD, "
        "CASE WHEN range < 5 THEN 'XX' ELSE (range % 4)::VARCHAR END AS DEP, 'hidden' AS BEN_NIR_PSA FROM range(500)"
    )
    feed = RelationFeed(
        connection, "SELECT PERSON_ID, BEN_SEX_COD, DEP FROM base WHERE substr(PERSON_ID, 1, 1) <> 'f'"
    )
    engine = FencedEngine(temp)
    checked = check(sql, {name: table.names for name, table in TABLES.items()})
    guarded = recognise(checked.ast, TABLES)
    columns = with_persons(checked.used, TABLES)
    answers = [
        engine.run(query, {"IR_BEN_R": feed}, LIMITS, columns) for query in (guarded.sql, *guarded.dominance)
    ]
    return suppress(guarded, answers[0], answers[1:], Policy())


def test_a_question_is_answered_by_cells_of_enough_persons(tmp_path: Path) -> None:
    answer = ask(
        tmp_path,
        "SELECT DEP, COUNT(*) AS n, AVG(CASE WHEN BEN_SEX_COD = '1' THEN 1 ELSE 0 END) FROM IR_BEN_R GROUP BY DEP",
    )
    assert answer.columns[:2] == ("DEP", "n")
    assert not any(row[0] == "XX" for row in answer.rows)
    assert answer.hidden > 0


def test_one_person_looked_for_is_not_found(tmp_path: Path) -> None:
    wanted = "c4ca4238a0b923820dcc509a6f75849b"
    with pytest.raises(NotRecognised):
        ask(tmp_path, f"SELECT COUNT(*) FROM IR_BEN_R WHERE PERSON_ID = '{wanted}'")
    assert ask(tmp_path, "SELECT COUNT(*) FROM IR_BEN_R WHERE DEP = 'XX'").rows == ()


def test_the_view_holds_in_the_guarded_query_too(tmp_path: Path) -> None:
    with pytest.raises((Denied, BadUsage)):
        ask(tmp_path, "SELECT BEN_NIR_PSA, COUNT(*) FROM IR_BEN_R GROUP BY 1")
