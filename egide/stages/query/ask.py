"""Check, run, and for anything that may leave: recognise, count persons, hide."""

from collections.abc import Mapping

from egide.model.query import Answer, Limits, ViewTable
from egide.ports.engine import Engine, Feed
from egide.rules.disclosure import Policy, recognise, suppress, with_persons
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
    """A table in which every cell is about enough persons. Raises NotRecognised for what is no such table."""
    checked = check(sql, {name: table.names for name, table in tables.items()})
    guarded = recognise(checked.ast, tables)
    opened = with_persons(checked.used, tables)
    result = engine.run(guarded.sql, feeds, limits, opened)
    dominance = [engine.run(one, feeds, limits, opened) for one in guarded.dominance]
    return suppress(guarded, result, dominance, Policy(threshold=threshold))
