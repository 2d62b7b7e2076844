"""Check, run, and for anything that may leave: recognise, count persons, hide."""

from collections.abc import Mapping

from egide.model.query import Answer, Limits, ViewTable
from egide.ports.engine import Engine, Feed
from egide.rules.sql import check


def ask_plain(
    sql: str, tables: Mapping[str, ViewTable], feeds: Mapping[str, Feed], engine: Engine, limits: Limits
) -> Answer:
    """The answer as it is: synthetic data only."""
    checked = check(sql, {name: table.names for name, table in tables.items()})
    result = engine.run(checked.sql, feeds, limits, checked.used)
    return Answer(result.columns, result.types, result.rows)


def ask_checked(
    sql: str,
    tables: Mapping[str, ViewTable],
    feeds: Mapping[str, Feed],
    engine: Engine,
    limits: Limits,
    threshold: int,
) -> Answer:
    raise NotImplementedError
