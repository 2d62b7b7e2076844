"""Whose rows does a FROM bring? Each source must still name its persons, or hold none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from sqlglot import exp

from egide.model.query import ViewTable
from egide.rules.disclosure.guarded import RESERVED, NotRecognised
from egide.rules.sql import functions
from egide.rules.sql.check import visible

Views = Mapping[str, ViewTable]  # by lower-case name


@dataclass(frozen=True, slots=True)
class Source:
    """One table of a FROM. Names are lower case; `person` is the column that names persons, None when it holds none."""

    alias: str
    columns: tuple[str, ...]
    person: str | None
    public: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sources:
    """A whole FROM: its sources, and which of them name the same persons row by row."""

    each: tuple[Source, ...]
    linked: tuple[frozenset[str], ...]  # aliases; one set for each independent person
    outer: bool  # some join keeps rows without a partner

    def owner(self, column: exp.Expr) -> Source | None:
        """The source that a bare column comes from, None when that is not certain."""
        if not isinstance(column, exp.Column) or isinstance(column.this, exp.Star):
            return None
        name, table = column.name.casefold(), column.table.casefold()
        found = [s for s in self.each if name in s.columns and table in ("", s.alias)]
        same = {frozenset(next((g for g in self.linked if s.alias in g), {s.alias})) for s in found}
        shared = len(same) == 1 and all(s.person == name for s in found)
        return found[0] if len(found) == 1 or (found and shared) else None

    def is_person(self, column: exp.Expr) -> bool:
        source = self.owner(column)
        return source is not None and source.person is not None and column.name.casefold() == source.person

    def persons(self) -> tuple[str, ...]:
        """SQL of each independent person of a row. With outer joins a row without one counts for the others'."""
        by_alias = {s.alias: s for s in self.each}
        groups = [[_quoted(a, str(by_alias[a].person)) for a in sorted(group)] for group in self.linked]
        if not self.outer:
            return tuple(group[0] for group in groups)
        ordered = (group + [c for other in groups if other is not group for c in other] for group in groups)
        return tuple(
            f"COALESCE({', '.join(columns)})" if len(columns) > 1 else columns[0] for columns in ordered
        )


def read_from(select: exp.Select, views: Views) -> Sources:
    """Raises NotRecognised unless every join is on an equality of columns."""
    from_ = select.args.get("from_")
    if not isinstance(from_, exp.From):
        refuse("no_table")
    each, links, outer = [_source(from_.this, views)], list[tuple[str, str]](), False
    for join in select.args.get("joins") or ():
        right = _source(join.this, views)
        links += _links(join, each, right)
        if join.kind not in ("SEMI", "ANTI"):
            each.append(right)
        outer = outer or join.side in ("LEFT", "RIGHT", "FULL")
    if len({s.alias for s in each}) != len(each):
        refuse("join")
    return Sources(tuple(each), _groups(each, links), outer)


def _quoted(alias: str, column: str) -> str:
    return exp.column(column, table=alias or None, quoted=True).sql(dialect="duckdb")


def _source(node: exp.Expr, views: Views) -> Source:
    alias = node.alias_or_name.casefold()
    if node.args.get("joins"):
        refuse("join")
    if isinstance(node, exp.Subquery):
        return replace(derived(node.this, views), alias=alias)
    if not isinstance(node, exp.Table) or (
        isinstance(node.args.get("alias"), exp.TableAlias) and node.args["alias"].columns
    ):
        refuse("source")
    cte = visible(node).get(node.name.casefold())
    if cte is not None:
        if cte.args["alias"].columns:
            refuse("source")
        return replace(derived(cte.this, views), alias=alias)
    view = views.get(node.name.casefold())
    if view is None:
        refuse("source")
    names = tuple(name.casefold() for name in view.names)
    public = frozenset(c.name.casefold() for c in view.columns if c.public)
    return Source(alias, names, view.person.casefold() if view.person else None, public)


def _links(join: exp.Join, left: list[Source], right: Source) -> list[tuple[str, str]]:
    """The pairs of aliases whose persons this join makes equal."""
    if join.side not in ("", "LEFT", "RIGHT", "FULL") or join.kind not in (
        "",
        "INNER",
        "OUTER",
        "SEMI",
        "ANTI",
    ):
        refuse("join")
    pairs = list(_equalities(join, Sources((*left, right), (), False), right))
    found = [(a.alias, b.alias) for (a, x), (b, y) in pairs if x == a.person and y == b.person]
    if not pairs or (join.kind in ("SEMI", "ANTI") and right.person and not found):
        refuse("join")
    check_rows(join.args.get("on"), Sources((*left, right), (), False), {})
    return [] if join.kind in ("SEMI", "ANTI") else found


Side = tuple[Source, str]


def _equalities(join: exp.Join, sources: Sources, right: Source) -> Iterator[tuple[Side, Side]]:
    for name in join.args.get("using") or ():
        column = name.name.casefold()
        owners = [s for s in sources.each if s is not right and column in s.columns]
        if len(owners) != 1 or column not in right.columns:
            refuse("join")
        yield (owners[0], column), (right, column)
    on = join.args.get("on")
    for condition in on.flatten() if isinstance(on, exp.And) else [on]:
        if isinstance(condition, exp.EQ):
            a, b = sources.owner(condition.this), sources.owner(condition.expression)
            if a is not None and b is not None and a is not b:
                yield (a, condition.this.name.casefold()), (b, condition.expression.name.casefold())


def _groups(each: list[Source], links: list[tuple[str, str]]) -> tuple[frozenset[str], ...]:
    groups = [frozenset({s.alias}) for s in each if s.person]
    for pair in links:
        met = [g for g in groups if g & set(pair)]
        groups = [g for g in groups if g not in met] + [frozenset().union(*met)]
    return tuple(sorted(groups, key=sorted))


def derived(query: exp.Expr, views: Views) -> Source:
    """A subquery as a source: each of its rows must still be about one person, and name them."""
    if isinstance(query, exp.Subquery):
        return derived(query.this, views)
    if isinstance(query, exp.Union) and not query.args.get("limit") and not query.args.get("by_name"):
        first, second = derived(query.this, views), derived(query.expression, views)
        if (first.person is None) != (second.person is None) or _place(first) != _place(second):
            refuse("subquery")
        return replace(first, public=frozenset())
    if not isinstance(query, exp.Select) or query.args.get("limit") or query.args.get("offset"):
        refuse("subquery")
    sources = read_from(query, views)
    if len(sources.linked) > 1:
        refuse("two_persons")
    check_rows(query.args.get("where"), sources, views)
    for clause in ("having", "qualify"):
        if query.args.get(clause):
            _check_value(query.args[clause], sources)
    columns, person = _outputs(query, sources)
    if sources.linked and person is None:
        refuse("no_person")
    _check_grouped(query, sources)
    return Source("", columns, person)


def _place(source: Source) -> int:
    return source.columns.index(source.person) if source.person else -1


def _outputs(query: exp.Select, sources: Sources) -> tuple[tuple[str, ...], str | None]:
    columns: list[str] = []
    person: str | None = None
    for item in query.expressions:
        inner = item.unalias()
        if inner.is_star and isinstance(inner, exp.Star | exp.Column):
            listed = [
                s for s in sources.each if isinstance(inner, exp.Star) or s.alias == inner.table.casefold()
            ]
            columns += [c for s in listed for c in s.columns]
            person = person or next((s.person for s in listed if s.person), None)
            continue
        columns.append(item.alias_or_name.casefold())
        if person is None and sources.is_person(inner):
            person = columns[-1]
        else:
            _check_value(inner, sources)
    if any(c.startswith(RESERVED) for c in columns) or (person and columns.count(person) > 1):
        refuse("subquery")
    return tuple(columns), person


def _check_grouped(query: exp.Select, sources: Sources) -> None:
    """Aggregates, windows and DISTINCT ON stay within a person."""
    if not sources.linked:
        return
    group = query.args.get("group")
    keys = [_output(query, key) for key in group.expressions] if group else []
    if group and group.args.get("all"):
        keys = [item.unalias() for item in query.expressions]
    within = any(sources.is_person(key) for key in keys)
    if (
        group or any(aggregates_in(item) for item in query.expressions) or query.args.get("having")
    ) and not within:
        refuse("subquery_group")
    if any(isinstance(key, exp.Rollup | exp.Cube | exp.GroupingSets) for key in keys):
        refuse("subquery_group")
    for window in query.find_all(exp.Window):
        if not any(sources.is_person(part) for part in window.args.get("partition_by") or ()):
            refuse("window")
    distinct = query.args.get("distinct")
    on = distinct.args.get("on") if distinct else None
    if on and not any(sources.is_person(column) for column in on.find_all(exp.Column)):
        refuse("subquery")


def _output(query: exp.Select, key: exp.Expr) -> exp.Expr:
    """A group key written as a position stands for that output."""
    if isinstance(key, exp.Literal) and key.name.isdigit() and 0 < int(key.name) <= len(query.expressions):
        item: exp.Expr = query.expressions[int(key.name) - 1]
        return item.unalias()
    return key


def check_rows(condition: exp.Expr | None, sources: Sources, views: Views) -> None:
    """A filter on rows: no window, no aggregate, no person looked for by name, and a subquery only as
    `PERSON_ID [NOT] IN (SELECT PERSON_ID ...)`."""
    if condition is None:
        return
    if isinstance(condition, exp.In) and condition.args.get("query") is not None:
        inner = derived(condition.args["query"], views)
        if not sources.is_person(condition.this) or inner.person is None or inner.columns != (inner.person,):
            refuse("subquery")
        return
    if isinstance(condition, exp.EQ | exp.NEQ | exp.Is) and _of_persons(condition, sources):
        return
    if sources.is_person(condition):
        refuse("person")
    if isinstance(condition, exp.Query | exp.Exists | exp.Window) or is_aggregate(condition):
        refuse("subquery" if isinstance(condition, exp.Query | exp.Exists) else "filter")
    for child in condition.iter_expressions():
        check_rows(child, sources, views)


def _of_persons(comparison: exp.Binary, sources: Sources) -> bool:
    """PERSON_ID against another PERSON_ID or NULL: against a written value it would single one person out."""
    other = comparison.expression
    return sources.is_person(comparison.this) and (sources.is_person(other) or isinstance(other, exp.Null))


def _check_value(node: exp.Expr, sources: Sources) -> None:
    """What a subquery computes holds no query of its own, and no copy of PERSON_ID that could be compared later."""
    for inner in node.walk():
        if isinstance(inner, exp.Query | exp.Exists):
            refuse("subquery")
        if sources.is_person(inner) and not isinstance(inner.parent, exp.Window):
            refuse("person")


def is_aggregate(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.casefold() in functions().aggregate


def aggregates_in(node: exp.Expr) -> list[exp.Expr]:
    """Aggregate calls that are not the body of a window."""
    return [n for n in node.walk() if is_aggregate(n) and not isinstance(n.parent, exp.Window)]


def refuse(reason: str, **facts: object) -> NoReturn:
    raise NotRecognised(f"disclosure.{reason}", **facts)
