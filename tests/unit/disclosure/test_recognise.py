"""Which queries outside C0 are recognised, what is printed of them, and what fools nobody."""

from collections.abc import Iterator

import duckdb
import pytest

from egide.model.query import Answer, Result, ViewColumn, ViewTable
from egide.model.table import Kind
from egide.rules.disclosure import Guarded, NotRecognised, Policy, recognise, suppress, with_persons
from egide.rules.sql import check


def view(
    name: str, *columns: str, person: str | None = "PERSON_ID", public: tuple[str, ...] = ()
) -> ViewTable:
    return ViewTable(name, tuple(ViewColumn(c, Kind.TEXT, c in public) for c in columns), person)


TABLES = {
    t.name: t
    for t in (
        view("BEN", "PERSON_ID", "SEX", "DEP", "BORN", public=("SEX",)),
        view("CARE", "PERSON_ID", "K", "DAY", "PAID"),
        view("DRUG", "PERSON_ID", "K", "ATC"),
        view("REF", "DEP", "LABEL", person=None),
    )
}


@pytest.fixture(scope="module")
def data() -> Iterator[duckdb.DuckDBPyConnection]:
    """400 persons; departement XX holds five, departements 0 to 3 about a hundred each; person 7 was paid a million."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE BEN AS SELECT range AS PERSON_ID, (range % 2 + 1)::VARCHAR AS SEX, 1930 + range % 70 AS BORN, "
            "CASE WHEN range < 5 THEN 'XX' ELSE (range % 4)::VARCHAR END AS DEP FROM range(400)"
        )
        connection.execute(
            "CREATE TABLE CARE AS SELECT range % 400 AS PERSON_ID, range AS K, DATE '2020-01-01' + (range % 300)::INT AS DAY, "
            "CASE WHEN range = 7 THEN 1000000 ELSE 10 + range % 20 END AS PAID FROM range(4000)"
        )
        connection.execute(
            "CREATE TABLE DRUG AS SELECT K % 400 AS PERSON_ID, K, (K % 9)::VARCHAR AS ATC FROM CARE WHERE K % 2 = 0"
        )
        connection.execute(
            "CREATE TABLE REF AS SELECT range::VARCHAR AS DEP, 'dep ' || range AS LABEL FROM range(4)"
        )
        yield connection


def guarded(sql: str) -> Guarded:
    return recognise(check(sql, {name: table.names for name, table in TABLES.items()}).ast, TABLES)


def run(data: duckdb.DuckDBPyConnection, sql: str) -> Result:
    found = data.execute(sql)
    names = tuple(d[0] for d in found.description)
    return Result(names, tuple(str(d[1]) for d in found.description), tuple(found.fetchall()))


def ask(data: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    plan = guarded(sql)
    return suppress(plan, run(data, plan.sql), [run(data, query) for query in plan.dominance], Policy())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) + 1000 FROM BEN WHERE DEP = 'XX'",
        "SELECT COUNT(*) * 1000 FROM CARE WHERE K = 3",
        "SELECT AVG(BORN) FROM BEN WHERE DEP = 'XX'",
        "SELECT COUNT(*) FILTER (WHERE DEP = 'XX') FROM BEN",
        "SELECT COUNT(*) FILTER (WHERE DEP <> 'XX') FROM BEN",
        "SELECT COUNT(CASE WHEN DEP = 'XX' THEN 1 END) FROM BEN",
        "SELECT COUNT_IF(BORN = 1933 AND DEP = 'XX') FROM BEN",
        "SELECT COUNT(DISTINCT CASE WHEN DEP = 'XX' THEN BORN END) FROM BEN",
        "SELECT SUM(CASE WHEN BORN = 1933 AND DEP = 'XX' THEN BORN ELSE 0 END) FROM BEN",
        "SELECT AVG(CASE WHEN BORN = 1933 AND DEP = 'XX' THEN 1 ELSE 0 END) FROM BEN",
        "SELECT SUM(PAID) FROM CARE",
        "SELECT STDDEV(CASE WHEN BORN = 1933 AND DEP = 'XX' THEN 1 ELSE 0 END) FROM BEN",
        "SELECT a.DEP, COUNT(*) FROM BEN a JOIN BEN b ON a.SEX = b.SEX WHERE b.BORN = 1933 AND b.DEP = 'XX' GROUP BY 1",
        "SELECT K, COUNT(*) FROM CARE GROUP BY K",
        "SELECT BORN, DEP, COUNT(*) FROM BEN GROUP BY ALL",
        "SELECT COUNT(*) FROM BEN WHERE PERSON_ID IN (SELECT PERSON_ID FROM CARE WHERE K = 9)",
        "SELECT COUNT(*) FROM (SELECT PERSON_ID FROM BEN WHERE BORN = 1933 AND DEP = 'XX' UNION ALL SELECT PERSON_ID FROM BEN WHERE BORN = 1933 AND DEP = 'XX')",
        "SELECT COUNT(*) FROM BEN HAVING COUNT(*) FILTER (WHERE DEP = 'XX') > 3",
        "SELECT COUNT(*) FROM BEN WHERE DEP = 'none at all'",
    ],
)
def test_a_few_persons_show_nothing_and_look_like_none(data: duckdb.DuckDBPyConnection, sql: str) -> None:
    answer = ask(data, sql)
    assert (answer.rows, answer.hidden, answer.persons_checked) == ((), 0, True)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM BEN", "item"),
        ("SELECT PERSON_ID FROM BEN", "item"),
        ("SELECT DISTINCT DEP FROM BEN", "clause"),
        ("SELECT COUNT(*) FROM BEN WHERE PERSON_ID = 3", "person"),
        ("SELECT COUNT(*) FROM BEN WHERE NOT (PERSON_ID <> 3)", "person"),
        ("SELECT COUNT(*) FROM BEN WHERE PERSON_ID IN (3, 4)", "person"),
        ("SELECT COUNT(*) FROM BEN b JOIN CARE c ON b.PERSON_ID = c.PERSON_ID AND c.PERSON_ID < 5", "person"),
        ("SELECT COUNT(*) FILTER (WHERE CAST(PERSON_ID AS VARCHAR) LIKE '3%') FROM BEN", "person"),
        ("SELECT CASE WHEN PERSON_ID = 3 THEN 'x' ELSE DEP END AS k, COUNT(*) FROM BEN GROUP BY 1", "person"),
        ("SELECT PERSON_ID, COUNT(*) FROM CARE GROUP BY PERSON_ID", "person"),
        ("SELECT COUNT(*) FROM (SELECT PERSON_ID, PERSON_ID AS p FROM BEN) x WHERE p = 3", "person"),
        ("SELECT COUNT(*) FROM (SELECT PERSON_ID, PERSON_ID = 3 AS p FROM BEN) x WHERE p", "person"),
        ("SELECT COUNT(*) FROM (SELECT PERSON_ID FROM BEN GROUP BY 1 HAVING PERSON_ID = 3) x", "person"),
        (
            "SELECT COUNT(*) FROM BEN WHERE PERSON_ID IN (SELECT PERSON_ID FROM CARE WHERE PERSON_ID = 3)",
            "person",
        ),
        ("SELECT STRING_AGG(DEP, ',') FROM BEN", "aggregate"),
        ("SELECT MAX(BORN) FROM BEN", "aggregate"),
        ("SELECT MEDIAN(BORN) FROM BEN", "aggregate"),
        ("SELECT FIRST(DEP) FROM BEN", "aggregate"),
        ("SELECT COUNT(*) + MIN(BORN) FROM BEN", "aggregate"),
        ("SELECT SUM(1 + (BORN = 1933)::INT) FROM BEN", "sum"),
        ("SELECT SUM(CASE WHEN BORN = 1933 AND DEP = 'XX' THEN 2 ELSE 1 END) FROM BEN", "sum"),
        ("SELECT SUM(CASE WHEN BORN = 1933 AND DEP = 'XX' THEN 1 WHEN true THEN 2 END) FROM BEN", "sum"),
        ("SELECT SUM(LENGTH(DEP)) FROM BEN", "sum"),
        ("SELECT COUNT(*), (SELECT MAX(BORN) FROM BEN) FROM BEN", "item"),
        ("SELECT COUNT(*) OVER () FROM BEN", "item"),
        ("SELECT COUNT(*) FROM BEN WHERE EXISTS (SELECT 1 FROM CARE WHERE K = 3)", "subquery"),
        ("SELECT COUNT(*) FROM BEN WHERE BORN > (SELECT AVG(BORN) FROM BEN)", "subquery"),
        ("SELECT COUNT(*) FROM BEN WHERE BORN IN (SELECT BORN FROM BEN)", "no_person"),
        ("SELECT COUNT(*) FROM BEN, CARE", "join"),
        ("SELECT COUNT(*) FROM BEN JOIN CARE ON BEN.PERSON_ID > CARE.PERSON_ID", "join"),
        ("SELECT COUNT(*) FROM BEN SEMI JOIN CARE ON BEN.BORN = CARE.K", "join"),
        ("SELECT n FROM (SELECT COUNT(*) AS n FROM BEN) x", "no_person"),
        ("SELECT COUNT(*) FROM (SELECT MAX(PERSON_ID) AS PERSON_ID FROM BEN) x", "person"),
        ("SELECT COUNT(*) FROM (SELECT 1 AS PERSON_ID, BORN FROM BEN) x", "no_person"),
        ("SELECT COUNT(*) FROM (SELECT PERSON_ID FROM BEN LIMIT 1) x", "subquery"),
        (
            "SELECT COUNT(*) FROM (SELECT a.PERSON_ID, b.BORN FROM BEN a JOIN BEN b ON a.SEX = b.SEX) x",
            "two_persons",
        ),
        ("SELECT COUNT(*) FROM (SELECT PERSON_ID, SUM(BORN) OVER (PARTITION BY DEP) FROM BEN) x", "window"),
        ("SELECT COUNT(*) FROM BEN UNION ALL SELECT COUNT(*) FROM CARE", "set_operation"),
        ("SELECT LABEL, COUNT(*) FROM REF GROUP BY 1", "no_person_table"),
        ("SELECT COUNT(*) AS __egide_0 FROM BEN", "item"),
        ("SELECT 1 AS one", "no_table"),
    ],
)
def test_what_is_not_recognised_says_why(sql: str, reason: str) -> None:
    with pytest.raises(NotRecognised) as caught:
        guarded(sql)
    assert caught.value.key == f"disclosure.{reason}"
    assert caught.value.in_language("fr") and caught.value.in_language("en")


def test_a_small_cell_takes_the_next_smallest_with_it(data: duckdb.DuckDBPyConnection) -> None:
    answer = ask(data, "SELECT DEP, COUNT(*) AS n FROM BEN GROUP BY DEP")
    assert answer.rows == (("1", 99), ("2", 99), ("3", 99), ("0", None))
    assert answer.mask[-1] == (False, True)
    assert answer.hidden == 2  # XX, whose name would name five persons, and 0


def test_totals_are_kept_where_they_give_nothing_away(data: duckdb.DuckDBPyConnection) -> None:
    rows = ask(data, "SELECT SEX, DEP, COUNT(*) FROM BEN GROUP BY ROLLUP (SEX, DEP)").rows
    assert (None, None, 400) in rows and ("1", None, 200) in rows
    assert all(n is None or n >= 11 for _, _, n in rows)
    for sex in ("1", "2"):
        inside = [n for s, d, n in rows if s == sex and d is not None and n is not None]
        assert sum(inside) < 200 - 11


def test_cube_and_grouping_sets(data: duckdb.DuckDBPyConnection) -> None:
    for sets in ("CUBE (SEX, DEP)", "GROUPING SETS ((SEX, DEP), (DEP), ())"):
        rows = ask(data, f"SELECT SEX, DEP, COUNT(*) FROM BEN GROUP BY {sets}").rows
        assert rows and all(n is None or n >= 11 for _, _, n in rows)


def test_having_order_and_limit_see_only_what_is_shown(data: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT DEP, COUNT(*) AS n FROM BEN GROUP BY DEP"
    assert ask(data, f"{sql} HAVING COUNT(*) < 50").rows == ()
    assert ask(data, f"{sql} ORDER BY n, DEP DESC LIMIT 2").rows == (("3", 99), ("2", 99))
    assert ask(data, f"{sql} ORDER BY DEP LIMIT 1 OFFSET 2").rows == (("3", 99),)


def test_ordinary_questions_are_answered(data: duckdb.DuckDBPyConnection) -> None:
    assert ask(data, "SELECT COUNT(DISTINCT PERSON_ID), COUNT(*) FROM CARE").rows == ((400, 4000),)
    per_person = "WITH x AS (SELECT PERSON_ID, COUNT(*) AS n FROM CARE GROUP BY PERSON_ID) SELECT n, COUNT(*) FROM x GROUP BY n"
    assert ask(data, per_person).rows == ((10, 400),)
    first = "SELECT COUNT(*) FROM (SELECT PERSON_ID, ROW_NUMBER() OVER (PARTITION BY PERSON_ID ORDER BY DAY) AS r FROM CARE) WHERE r = 1"
    assert ask(data, first).rows == ((400,),)
    joined = "SELECT b.SEX, COUNT(*) FROM BEN b JOIN CARE c ON b.PERSON_ID = c.PERSON_ID LEFT JOIN DRUG d ON c.K = d.K GROUP BY 1"
    assert ask(data, joined).rows == (("1", 2000), ("2", 2000))
    share = "SELECT SEX, ROUND(100.0 * COUNT(*) FILTER (WHERE BORN < 1960) / COUNT(*), 1) AS p FROM BEN GROUP BY SEX"
    assert ask(data, share).rows == (("1", 45.0), ("2", 45.0))
    spent = "SELECT SUM(PAID), AVG(PAID) FROM CARE WHERE K <> 7"
    assert len(ask(data, spent).rows) == 1


def test_a_sum_that_one_person_makes_is_hidden(data: duckdb.DuckDBPyConnection) -> None:
    answer = ask(data, "SELECT K % 4 AS g, SUM(PAID) FROM CARE GROUP BY 1")
    assert [row for row in answer.rows if row[1] is None] and all(
        row[1] is None or row[1] < 100_000 for row in answer.rows
    )


def test_persons_of_each_table_are_counted() -> None:
    plan = guarded("SELECT COUNT(*) FROM CARE c LEFT JOIN DRUG d ON c.K = d.K")
    assert len(plan.persons) == 2
    linked = guarded("SELECT COUNT(*) FROM CARE c JOIN DRUG d ON c.PERSON_ID = d.PERSON_ID AND c.K = d.K")
    assert len(linked.persons) == 1


def test_the_column_that_names_persons_is_opened_too() -> None:
    used = check(
        "SELECT SEX, COUNT(*) FROM BEN JOIN REF USING (DEP) GROUP BY 1",
        {n: t.names for n, t in TABLES.items()},
    ).used
    assert with_persons(used, TABLES) == {"BEN": ("SEX", "DEP", "PERSON_ID"), "REF": ("DEP",)}


def test_the_policy_sets_the_threshold(data: duckdb.DuckDBPyConnection) -> None:
    plan = guarded("SELECT DEP, COUNT(*) FROM BEN GROUP BY DEP")
    answer = run(data, plan.sql)
    assert suppress(plan, answer, (), Policy(threshold=5)).hidden == 0
    assert suppress(plan, answer, (), Policy(threshold=200)).rows == ()
