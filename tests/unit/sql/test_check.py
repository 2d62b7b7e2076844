"""The allow-list: what a researcher may write, what is refused, and that a refusal never says a literal back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.model.errors import Denied
from egide.rules.sql import check, functions

TABLES = {
    "IR_BEN_R": ("PERSON_ID", "BEN_SEX_COD", "BEN_NAI_ANN"),
    "ER_PRS_F": ("PERSON_ID", "EXE_SOI_DTD", "PRS_PAI_MNT"),
}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT BEN_SEX_COD, COUNT(*) FROM IR_BEN_R GROUP BY 1;",
        "FROM IR_BEN_R",
        'SELECT "BEN_SEX_COD" FROM "ir_ben_r" AS x',
        "WITH x AS (SELECT * FROM IR_BEN_R) SELECT COUNT(DISTINCT PERSON_ID) FROM x",
        "WITH a AS (SELECT 1 AS n), b AS (SELECT n FROM a) SELECT n FROM b",
        "SELECT COUNT(*) FROM IR_BEN_R a LEFT JOIN ER_PRS_F b ON a.PERSON_ID = b.PERSON_ID WHERE b.EXE_SOI_DTD >= DATE '2020-01-01'",
        "SELECT DATE_TRUNC('month', EXE_SOI_DTD) AS m, SUM(PRS_PAI_MNT) FROM ER_PRS_F GROUP BY ALL HAVING SUM(PRS_PAI_MNT) > 3 ORDER BY m LIMIT 5",
        "SELECT ROW_NUMBER() OVER (PARTITION BY PERSON_ID ORDER BY EXE_SOI_DTD) FROM ER_PRS_F",
        "SELECT COUNT(*) FILTER (WHERE BEN_SEX_COD = '1') FROM IR_BEN_R",
        "SELECT BEN_SEX_COD, COUNT(*) FROM IR_BEN_R GROUP BY ROLLUP (BEN_SEX_COD)",
        "SELECT CASE WHEN BEN_NAI_ANN BETWEEN 1950 AND 1960 THEN 'a' ELSE 'b' END FROM IR_BEN_R",
        "SELECT STRING_AGG(BEN_SEX_COD, ',' ORDER BY BEN_NAI_ANN) FROM IR_BEN_R",
        "(SELECT 1) UNION ALL (SELECT 2) ORDER BY 1",
        "SELECT r.range FROM range(2010, 2024) r",
        "SELECT MONTHNAME(EXE_SOI_DTD), LENGTH('abc'), LIST_VALUE(1, 2) FROM ER_PRS_F",
        "SELECT EXE_SOI_DTD + INTERVAL 3 MONTH, EXTRACT(year FROM EXE_SOI_DTD) FROM ER_PRS_F -- a comment",
    ],
)
def test_ordinary_queries_pass(sql: str) -> None:
    checked = check(sql, TABLES)
    assert check(checked.sql, TABLES).sql == checked.sql


@pytest.mark.parametrize(
    ("sql", "rule", "what"),
    [
        ("DROP TABLE IR_BEN_R", "statement", "DROP"),
        ("SELECT 1; SELECT 2", "several", None),
        ("SELECT * FROM SECRETS", "table", "SECRETS"),
        ("SELECT * FROM '/etc/passwd'", "table", "?"),
        ("SELECT * FROM main.IR_BEN_R", "qualified", "IR_BEN_R"),
        ("SELECT read_text('x')", "function", "read_text"),
        ("SELECT * FROM read_text('x')", "function", "read_text"),
        ("SELECT * FROM \"read_text\"('x')", "function", "read_text"),
        ("SELECT \"getenv\"('HOME')", "function", "getenv"),
        ("SELECT getvariable('x')", "function", "getvariable"),
        ("SELECT main.abs(1)", "part", "Dot"),
        ("SELECT 'x'.read_text()", "part", "Dot"),
        ("SELECT ?", "part", "Placeholder"),
        ("SELECT BEN_SEX_COD::regclass FROM IR_BEN_R", "type", None),
        ("SELECT BEN_SEX_COD::INTEGER[] FROM IR_BEN_R", "type", None),
        ("WITH RECURSIVE x AS (SELECT 1) SELECT * FROM x", "part", "RECURSIVE"),
        ("SELECT * FROM IR_BEN_R NATURAL JOIN ER_PRS_F", "part", "NATURAL join"),
        ("SELECT * FROM IR_BEN_R ASOF JOIN ER_PRS_F USING (PERSON_ID)", "part", "ASOF join"),
        ("SELECT * EXCLUDE (PERSON_ID) FROM IR_BEN_R", "part", None),
        ("SELECT * FROM range(100000000)", "series", None),
        ("SELECT * FROM range(0, 10, 0)", "series", None),
        ("SELECT * FROM range((SELECT 1))", "series", None),
        ("SELECT\u200b 1", "character", None),
        ("SELECT 1\u0000", "character", None),
        ("SELECT * FROM ｒｅａｄ('x')", "function", "?"),
        ("SELECT " + "(" * 60 + "1" + ")" * 60, "deep", None),
        ("SELECT '" + "x" * 30_000 + "'", "long", None),
        ("", "empty", None),
        ("-- nothing", "empty", None),
        ("SELECT FROM WHERE", "unreadable", None),
        ("SELECT BEN_SEX_COD ~ 'x' FROM IR_BEN_R", "part", "RegexpLike"),
    ],
)
def test_the_rest_is_refused_by_name(sql: str, rule: str, what: str | None) -> None:
    with pytest.raises(Denied) as caught:
        check(sql, TABLES)
    assert caught.value.key == f"query.{rule}"
    assert what is None or caught.value.facts["what"] == what
    assert caught.value.in_language("fr") and caught.value.in_language("en")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT d.* FROM (WITH duckdb_views AS (SELECT 1) SELECT * FROM duckdb_views) x, duckdb_views d",
        "WITH sqlite_master AS (SELECT * FROM sqlite_master) SELECT * FROM sqlite_master",
        "WITH a AS (SELECT * FROM pg_tables), pg_tables AS (SELECT 1) SELECT * FROM a",
    ],
)
def test_a_named_subquery_is_known_only_where_it_is_in_scope(sql: str) -> None:
    with pytest.raises(Denied) as caught:
        check(sql, TABLES)
    assert caught.value.key == "query.table"


def test_only_the_columns_named_are_used() -> None:
    used = check(
        "SELECT a.ben_sex_cod, COUNT(*) FROM ir_ben_r a JOIN ER_PRS_F USING (person_id) GROUP BY 1", TABLES
    ).used
    assert used == {"IR_BEN_R": ("PERSON_ID", "BEN_SEX_COD"), "ER_PRS_F": ("PERSON_ID",)}
    assert check("SELECT COUNT(*) FROM IR_BEN_R", TABLES).used == {"IR_BEN_R": ()}
    assert check("SELECT a.* FROM IR_BEN_R a", TABLES).used == {"IR_BEN_R": TABLES["IR_BEN_R"]}


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_text_passes_or_is_denied(text: str) -> None:
    try:
        checked = check(text, TABLES)
    except Denied as error:
        assert error.in_language("en")
    else:
        assert set(checked.used) <= set(TABLES)


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=6, max_size=30))
@settings(max_examples=100, deadline=None)
def test_a_refusal_never_says_a_literal(secret: str) -> None:
    quoted = secret.replace("'", "''")
    for sql in (f"SELECT getenv('{quoted}')", f"SELECT * FROM '{quoted}x!'", f"SELECT '{quoted}'::regclass"):
        with pytest.raises(Denied) as caught:
            check(sql, TABLES)
        assert secret not in str(caught.value.facts.values())


def test_no_allowed_function_is_one_that_reads() -> None:
    forbidden = ("read_", "scan", "glob", "query", "getenv", "setting", "variable", "pragma", "duckdb_", "json_", "error",
                 "current_", "nextval", "sniff", "parquet", "which_secret", "write_", "pg_", "sleep", "list_aggregate")  # fmt: skip
    listed = functions().expressions | functions().table
    assert not [name for name in listed if any(part in name for part in forbidden)]
