"""Is this query an aggregate whose persons we can count? If so, the SQL that counts them beside each cell.

The counts ride in the same statement as the answer, over the same FROM, WHERE and GROUP BY: they cannot be of other rows.
HAVING, ORDER BY and LIMIT are taken out of it and applied once small cells are hidden, or their effect would show them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from egide.model.query import ViewTable
from egide.rules.disclosure.guarded import RESERVED, Guarded, Sort
from egide.rules.disclosure.measures import Measure, measures_of
from egide.rules.disclosure.sources import Sources, aggregates_in, check_rows, read_from, refuse
from egide.rules.sql.check import show

SETS = (exp.Rollup, exp.Cube, exp.GroupingSets)


@dataclass
class Draft:
    """The guarded SELECT list while it is being written."""

    items: list[exp.Expr]
    names: list[str]
    measures: list[Measure] = field(default_factory=list)

    def add(self, expression: exp.Expr) -> int:
        self.items.append(expression.copy())
        return len(self.items) - 1

    def listed(self) -> str:
        names = [*self.names, *(f"{RESERVED}_{n}" for n in range(len(self.names), len(self.items)))]
        return ", ".join(
            f"{show(e)} AS {show(exp.to_identifier(n, quoted=True))}"
            for e, n in zip(self.items, names, strict=True)
        )


def recognise(tree: exp.Expr, tables: Mapping[str, ViewTable]) -> Guarded:
    """The guarded form of a tree that `egide.rules.sql.check` passed. Raises NotRecognised, saying why."""
    select = tree.unnest() if isinstance(tree, exp.Subquery) else tree
    if not isinstance(select, exp.Select):
        refuse("set_operation")
    views = {name.casefold(): table for name, table in tables.items()}
    for clause in ("distinct", "qualify"):
        if select.args.get(clause):
            refuse("clause", what=clause.upper())
    sources = read_from(select, views)
    if not sources.linked:
        refuse("no_person_table")
    check_rows(select.args.get("where"), sources, views)
    return _guard(select, sources)


def with_persons(
    used: Mapping[str, tuple[str, ...]], tables: Mapping[str, ViewTable]
) -> dict[str, tuple[str, ...]]:
    """The columns that a guarded query opens: those that the researcher named and those that name persons."""
    return {
        name: columns if (person := tables[name].person) is None or person in columns else (*columns, person)
        for name, columns in used.items()
    }


def _guard(select: exp.Select, sources: Sources) -> Guarded:
    items = [item.unalias() for item in select.expressions]
    names = [item.alias_or_name or f"column{n}" for n, item in enumerate(select.expressions)]
    if any(name.casefold().startswith(RESERVED) for name in names):
        refuse("item")
    aliases = {item.alias.casefold(): item.unalias() for item in select.expressions if item.alias}
    grouped, keys, sets = _keys(select, items, aliases, sources)
    for key in keys:
        _check_key(key, sources)
    draft = Draft(list(items), names)
    for item in items:
        draft.measures += measures_of(item, keys, sources)
    having = _having(select, draft, keys, aliases, sources)
    order = _order(select, draft, keys, aliases, sources)
    key_columns = tuple(draft.add(key) for key in keys)
    grouping = (
        draft.add(exp.Anonymous(this="GROUPING", expressions=[k.copy() for k in keys])) if sets else None
    )
    persons, rests = _counts(draft, sources)
    tail = _tail(select, grouped)
    return Guarded(
        sql=f"{_with(select)}SELECT {draft.listed()} {tail}",
        dominance=_dominance(select, draft, keys, grouping is not None, grouped, sources),
        shown=tuple(names),
        key_of=tuple(next((n for n, key in enumerate(keys) if key == item), None) for item in items),
        public=tuple(_public(key, sources) for key in keys),
        keys=key_columns,
        grouping=grouping,
        persons=persons,
        rests=rests,
        having=having,
        order=order,
        limit=_whole(select, "limit"),
        offset=_whole(select, "offset") or 0,
    )


def _keys(
    select: exp.Select, items: list[exp.Expr], aliases: dict[str, exp.Expr], sources: Sources
) -> tuple[list[exp.Expr], list[exp.Expr], bool]:
    """What GROUP BY says with aliases and positions resolved, its distinct keys, and whether it has grouping sets."""
    group = select.args.get("group")
    if group is None:
        return [], [], False
    if any(group.args.get(name) for name in ("rollup", "cube", "grouping_sets", "totals")):
        refuse("clause", what="GROUP BY")
    if group.args.get("all"):
        keys = [item for item in items if not aggregates_in(item) and not isinstance(item, exp.Literal)]
        return _distinct(keys), _distinct(keys), False
    resolved = [_resolve(node, items, aliases, sources) for node in group.expressions]
    keys = _distinct([key for node in resolved for key in _members(node)])
    return resolved, keys, any(isinstance(node, SETS) for node in resolved)


def _resolve(
    node: exp.Expr, items: list[exp.Expr], aliases: dict[str, exp.Expr], sources: Sources
) -> exp.Expr:
    if isinstance(node, (*SETS, exp.Tuple, exp.Paren)):
        copied = node.copy()
        if isinstance(copied, exp.Paren):
            return _resolve(copied.this, items, aliases, sources)
        copied.set("expressions", [_resolve(part, items, aliases, sources) for part in node.expressions])
        return copied
    if isinstance(node, exp.Literal):
        if not node.name.isdigit() or not 0 < int(node.name) <= len(items):
            refuse("group")
        return items[int(node.name) - 1]
    return _alias(node, aliases, sources)


def _alias(node: exp.Expr, aliases: dict[str, exp.Expr], sources: Sources) -> exp.Expr:
    """A bare name is a column first, then a name given in the SELECT list."""
    if (
        isinstance(node, exp.Column)
        and not node.table
        and not any(node.name.casefold() in s.columns for s in sources.each)
    ):
        return aliases.get(node.name.casefold(), node)
    return node


def _members(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, (*SETS, exp.Tuple)):
        return [key for part in node.expressions for key in _members(part)]
    return [node]


def _distinct(keys: list[exp.Expr]) -> list[exp.Expr]:
    return [key for n, key in enumerate(keys) if key not in keys[:n]]


def _check_key(key: exp.Expr, sources: Sources) -> None:
    if aggregates_in(key):
        refuse("group")
    check_rows(key, sources, {})


def _public(key: exp.Expr, sources: Sources) -> bool:
    source = sources.owner(key)
    return source is not None and key.name.casefold() in source.public


def _having(
    select: exp.Select, draft: Draft, keys: list[exp.Expr], aliases: dict[str, exp.Expr], sources: Sources
) -> int | None:
    clause = select.args.get("having")
    if clause is None:
        return None
    condition = _named(clause.this, aliases, sources)
    draft.measures += measures_of(condition, keys, sources)
    return draft.add(condition)


def _named(node: exp.Expr, aliases: dict[str, exp.Expr], sources: Sources) -> exp.Expr:
    copied = node.copy()
    if isinstance(copied, exp.Column):
        return _alias(copied, aliases, sources)
    for column in list(copied.find_all(exp.Column)):
        column.replace(_alias(column, aliases, sources).copy())
    return copied


def _order(
    select: exp.Select, draft: Draft, keys: list[exp.Expr], aliases: dict[str, exp.Expr], sources: Sources
) -> tuple[Sort, ...]:
    clause = select.args.get("order")
    return tuple(_sort(o, draft, keys, aliases, sources) for o in clause.expressions) if clause else ()


def _sort(
    ordered: exp.Expr, draft: Draft, keys: list[exp.Expr], aliases: dict[str, exp.Expr], sources: Sources
) -> Sort:
    term = ordered.this
    if isinstance(term, exp.Column) and not term.table and term.name.casefold() == "all":
        refuse("clause", what="ORDER BY ALL")
    if isinstance(term, exp.Literal):
        expression = _resolve(term, draft.items[: len(draft.names)], aliases, sources)
    else:
        expression = _named(term, aliases, sources)
    draft.measures += measures_of(expression, keys, sources)
    descending = bool(ordered.args.get("desc"))
    return Sort(draft.add(expression), descending, bool(ordered.args.get("nulls_first")))


def _counts(draft: Draft, sources: Sources) -> tuple[tuple[int, ...], tuple[int, ...]]:
    persons, rests = [], []
    for person in sources.persons():
        persons.append(draft.add(_count(person, None)))
        for measure in draft.measures:
            if measure.inside is not None:
                persons.append(draft.add(_count(person, measure.inside)))
                if measure.outside:
                    rests.append(draft.add(_count(person, measure.inside, inside=False)))
    return tuple(persons), tuple(rests)


def _count(person: str, condition: exp.Expr | None, inside: bool = True) -> exp.Expr:
    who: exp.Expr = exp.maybe_parse(person, dialect="duckdb")
    if condition is not None:
        yes, no = (who, exp.null()) if inside else (exp.null(), who)
        who = exp.Case(ifs=[exp.If(this=condition.copy(), true=yes)], default=no)
    return exp.Anonymous(this="COUNT", expressions=[exp.Distinct(expressions=[who])])


def _with(select: exp.Select) -> str:
    clause = select.args.get("with_")
    return show(clause) + " " if clause else ""


def _tail(select: exp.Select, grouped: list[exp.Expr]) -> str:
    parts = [select.args["from_"], *(select.args.get("joins") or ()), select.args.get("where")]
    text = " ".join(show(part).strip() for part in parts if part is not None)
    return f"{text} GROUP BY {', '.join(show(key) for key in grouped)}" if grouped else text


def _dominance(
    select: exp.Select,
    draft: Draft,
    keys: list[exp.Expr],
    sets: bool,
    grouped: list[exp.Expr],
    sources: Sources,
) -> tuple[str, ...]:
    sums = [m.summed for m in draft.measures if m.summed is not None]
    if not sums:
        return ()
    named = [f"{show(key)} AS {RESERVED}_k{n}" for n, key in enumerate(keys)]
    listed = [f"{RESERVED}_k{n}" for n in range(len(keys))] + [f"{RESERVED}_g"]
    mark = f"GROUPING({', '.join(show(key) for key in keys)})" if sets else "0"
    each = [f"SUM(ABS(CAST(({show(value)}) AS DOUBLE))) AS {RESERVED}_s{n}" for n, value in enumerate(sums)]
    tops = [f"SUM({s}), MAX({s}), MAX({s}, 2)[2]" for s in (f"{RESERVED}_s{n}" for n in range(len(sums)))]
    found = []
    for person in sources.persons():
        inner = ", ".join([*named, f"{mark} AS {RESERVED}_g", *each])
        group = ", ".join([*(show(key) for key in grouped), person])
        per_person = f"SELECT {inner} {_tail(select, [])} GROUP BY {group}"
        found.append(
            f"{_with(select)}SELECT {', '.join(listed + tops)} FROM ({per_person}) GROUP BY {', '.join(listed)}"
        )
    return tuple(found)


def _whole(select: exp.Select, clause: str) -> int | None:
    node = select.args.get(clause)
    if node is None:
        return None
    number = node.expression
    if not isinstance(number, exp.Literal) or not number.name.isdigit():
        refuse("clause", what=clause.upper())
    return int(number.name)
