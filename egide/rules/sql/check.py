"""Reads a researcher's SQL and says yes, or names what it may not hold."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from egide.model.errors import Denied
from egide.rules.sql.functions import functions
from egide.rules.sql.grammar import FIRST_WORDS, NODES, QUERIES, TYPES, Plain

LONGEST = 20_000  # characters
DEEPEST = 40  # brackets within brackets
MOST_NODES = 10_000
SERIES = 1_000_000  # rows of a range() in FROM
SHOWABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]{0,63}")


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """`sql` is what was understood, printed back: what was checked is what runs. `used` lists, for each table named,
    the columns that the query can touch (at worst too many, never too few)."""

    sql: str = field(repr=False)
    used: Mapping[str, tuple[str, ...]]
    ast: exp.Query = field(repr=False)


def check(sql: str, tables: Mapping[str, Sequence[str]]) -> CheckedQuery:
    """One SELECT over `tables` (name to columns) in allowed parts. Raises Denied, naming rule and keyword or function,
    never a literal."""
    try:
        tree = _read(sql)
        names = {name.casefold(): name for name in tables}
        for node in tree.walk():
            _check_node(node, names)
        printed = show(tree)
        if _parse(printed) != tree:
            _refuse("unfaithful")
    except RecursionError:
        _refuse("deep", most=DEEPEST)
    return CheckedQuery(printed, _used(tree, tables), tree)


def show(tree: exp.Expr) -> str:
    """The SQL of a checked tree. Raises Denied when DuckDB has no way to say it."""
    try:
        return tree.sql(dialect=Plain, comments=False, unsupported_level=ErrorLevel.RAISE)
    except SqlglotError:
        _refuse("unfaithful")


def _read(sql: str) -> exp.Query:
    if len(sql) > LONGEST:
        _refuse("long", most=LONGEST)
    if any(
        unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn", "Cs")
        for c in sql
        if c not in "\t\n\r"
    ):
        _refuse("character")
    _check_words(_words(sql))
    return _parse(sql)


def _words(sql: str) -> list[str]:
    try:
        return [token.text.upper() for token in Plain().tokenize(sql)]
    except SqlglotError:
        _refuse("unreadable")


def _check_words(words: list[str]) -> None:
    """Before the parser: its depth is bounded, and statements it would only half read are named here."""
    if not words:
        _refuse("empty")
    if words[0] not in FIRST_WORDS:
        _refuse("statement", what=_name(words[0]))
    depth = deepest = 0
    for word in words:
        depth += (word in "([{") - (word in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST or len(words) > MOST_NODES:
        _refuse("deep", most=DEEPEST)


def _parse(sql: str) -> exp.Query:
    try:
        trees = [
            tree
            for tree in sqlglot.parse(sql, dialect=Plain, error_level=ErrorLevel.RAISE)
            if tree is not None
        ]
    except SqlglotError:
        _refuse("unreadable")
    if len(trees) != 1:
        _refuse("several")
    tree = trees[0]
    if not isinstance(tree, exp.Query) or not isinstance(tree, (*QUERIES, exp.Values)):
        _refuse("statement", what=_name(tree.key))
    return tree


def _check_node(node: exp.Expr, tables: Mapping[str, str]) -> None:
    if type(node) not in NODES:
        _refuse("part", what=_name(type(node).__name__))
    match node:
        case exp.Table():
            _check_table(node, tables)
        case exp.Anonymous():
            _check_function(node)
        case exp.Column():
            _check_column(node)
        case exp.Join() if node.method or node.args.get("hint"):
            _refuse("part", what=_name(f"{node.method or 'hint'} join"))
        case exp.Select() if not node.expressions:
            _refuse("unreadable")
        case exp.With() if node.recursive:
            _refuse("part", what="RECURSIVE")
        case exp.DataType() if node.this not in TYPES or node.args.get("nested"):
            _refuse("type", what=_name(str(getattr(node.this, "name", "user type"))))
        case exp.Distinct() if isinstance(node.parent, exp.Anonymous) and len(node.expressions) != 1:
            _refuse("part", what="DISTINCT")
        case exp.Star() if any(node.args.values()):
            _refuse("part", what="EXCLUDE REPLACE RENAME")


def _check_table(table: exp.Table, tables: Mapping[str, str]) -> None:
    if isinstance(table.this, exp.Anonymous):
        _check_series(table.this)
        return
    if table.args.get("db") or table.args.get("catalog"):
        _refuse("qualified", what=_name(table.name))
    if not isinstance(table.this, exp.Identifier):
        _refuse("part", what=_name(type(table.this).__name__))
    name = table.name.casefold()
    if name not in tables and name not in visible(table):
        _refuse("table", what=_name(table.name))


def visible(table: exp.Expr) -> dict[str, exp.CTE]:
    """The named subqueries that a table name at this place can mean, by lower-case name; the innermost wins."""
    found: dict[str, exp.CTE] = {}
    node: exp.Expr | None = table
    path: list[exp.Expr] = []
    while node is not None:
        path.append(node)
        with_ = node.args.get("with_")
        if isinstance(with_, exp.With):
            for cte in with_.expressions:
                if any(cte is step for step in path):
                    break
                found.setdefault(cte.alias.casefold(), cte)
        node = node.parent
    return found


def _check_series(call: exp.Anonymous) -> None:
    name = call.name.casefold()
    if name not in functions().table:
        _refuse("function", what=_name(name))
    bounds = [_integer(argument) for argument in call.expressions]
    if not 1 <= len(bounds) <= 3:
        _refuse("series", most=SERIES)
    start, stop = (0, bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
    step = bounds[2] if len(bounds) == 3 else 1
    if step == 0 or abs(stop - start) // abs(step) > SERIES:
        _refuse("series", most=SERIES)


def _integer(node: exp.Expr) -> int:
    sign, literal = (-1, node.this) if isinstance(node, exp.Neg) else (1, node)
    if (
        not isinstance(literal, exp.Literal)
        or literal.is_string
        or not re.fullmatch("[0-9]{1,18}", literal.name)
    ):
        _refuse("series", most=SERIES)
    return sign * int(literal.name)


def _check_function(call: exp.Anonymous) -> None:
    name = call.name.casefold()
    if isinstance(call.parent, exp.Table):
        return
    if name not in functions().expressions or isinstance(call.this, exp.Identifier):
        _refuse("function", what=_name(name))


def _check_column(column: exp.Column) -> None:
    if column.args.get("db") or column.args.get("catalog"):
        _refuse("qualified", what=_name(column.name))


def _used(tree: exp.Query, tables: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    named = {table.name.casefold() for table in tree.find_all(exp.Table)}
    words = {identifier.name.casefold() for identifier in tree.find_all(exp.Identifier)}
    every = any(not _counts(star) for star in tree.find_all(exp.Star)) or any(
        join.args.get("method") for join in tree.find_all(exp.Join)
    )
    return {
        table: tuple(c for c in columns if every or c.casefold() in words)
        for table, columns in tables.items()
        if table.casefold() in named
    }


def _counts(star: exp.Star) -> bool:
    return isinstance(star.parent, exp.Anonymous)


def _name(text: str) -> str:
    """A word of the query that may be said back: a plain name, never something that looks like a value."""
    return text if SHOWABLE.fullmatch(text) else "?"


def _refuse(rule: str, **facts: object) -> NoReturn:
    raise Denied(f"query.{rule}", **facts) from None
