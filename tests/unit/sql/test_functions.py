"""Every function of the list exists in DuckDB, and means what its heading says."""

import duckdb

from egide.rules.sql import functions

# What an allowed call is read as by the parser itself: DuckDB lists no function of that name.
GRAMMAR = {"coalesce", "if", "ifnull", "grouping", "grouping_id", "row", "unnest"}


def test_every_listed_function_exists_as_what_it_is_listed() -> None:
    known: dict[str, set[str]] = {}
    for kind, name in (
        duckdb.connect().execute("SELECT function_type, function_name FROM duckdb_functions()").fetchall()
    ):
        known.setdefault(name.lower(), set()).add(kind)
    listed = functions()
    assert {n for n in listed.scalar - GRAMMAR if not known.get(n, set()) & {"scalar", "macro"}} == set()
    assert {n for n in listed.aggregate - GRAMMAR if "aggregate" not in known.get(n, set())} == set()
    assert {n for n in listed.table if "table" not in known.get(n, set())} == set()


def test_windows_run() -> None:
    connection = duckdb.connect()
    for name in sorted(functions().window):
        argument = {"ntile": "2", "nth_value": "range, 1"}.get(
            name, "range" if name in ("lag", "lead", "first_value", "last_value") else ""
        )
        assert connection.execute(f"SELECT {name}({argument}) OVER (ORDER BY range) FROM range(3)").fetchall()
