"""The aggregates that may be shown, and who contributes to each.

A cell of a million persons may still tell one person's secret when only that person moves the aggregate:
`SUM(CASE WHEN PERSON_ID = ... THEN 1 ELSE 0 END)`. So persons are counted per aggregate, inside its condition and, where
the count outside follows by subtraction, outside it too.
"""

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from egide.rules.disclosure.sources import Sources, check_rows, is_aggregate, refuse

COUNTS = frozenset({"count"})
CONDITIONS = frozenset({"count_if", "countif"})
SUMS = frozenset({"sum", "avg", "mean", "fsum", "favg"})
SPREADS = frozenset({"stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop"})
GROUPINGS = frozenset({"grouping", "grouping_id"})
AFTERWARDS = frozenset({
    "round", "coalesce", "ifnull", "nullif", "if", "abs", "floor", "ceil", "ceiling", "trunc", "greatest", "least", "sqrt",
    "ln", "log", "log2", "log10", "exp", "power", "pow", "sign", "concat",
})  # fmt: skip
IN_SUMS = (exp.Column, exp.Identifier, exp.Literal, exp.Paren, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Neg, exp.Cast,
           exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Var)  # fmt: skip
IN_SUM_CALLS = frozenset({"date_diff", "datediff", "date_sub", "datesub", "coalesce", "ifnull"})
NUMBERS = frozenset({"TINYINT", "SMALLINT", "INT", "BIGINT", "INT128", "DECIMAL", "FLOAT", "DOUBLE"})


@dataclass(frozen=True, slots=True)
class Measure:
    """`inside`: the rows that contribute; None: all. `outside`: whether the others follow by subtraction. `summed`: the
    value whose sum one person may dominate."""

    inside: exp.Expr | None
    outside: bool = False
    summed: exp.Expr | None = None


def measures_of(node: exp.Expr, keys: list[exp.Expr], sources: Sources) -> list[Measure]:
    """The aggregates of a SELECT, HAVING or ORDER BY term. Raises NotRecognised when it is not made of group keys,
    written values, allowed aggregates and plain arithmetic on them."""
    if any(node == key for key in keys):
        return []
    if isinstance(node, exp.Filter):
        return [_measure(node.this, node.expression.this, sources)]
    if is_aggregate(node):
        return [] if node.name.casefold() in GROUPINGS else [_measure(node, None, sources)]
    if isinstance(node, exp.Column | exp.Window | exp.Query | exp.Exists | exp.Star):
        refuse("item")
    if isinstance(node, exp.Anonymous) and node.name.casefold() not in AFTERWARDS:
        refuse("aggregate", what=node.name)
    return [m for child in node.iter_expressions() for m in measures_of(child, keys, sources)]


def _measure(call: exp.Expr, filtered: exp.Expr | None, sources: Sources) -> Measure:
    if not is_aggregate(call):
        refuse("aggregate", what="FILTER")
    check_rows(filtered, sources, {})
    name, arguments = call.name.casefold(), call.expressions
    if name in COUNTS and (not arguments or isinstance(arguments[0], exp.Star)):
        return Measure(filtered, outside=filtered is not None)
    if len(arguments) != 1:
        refuse("aggregate", what=name)
    value = arguments[0]
    if isinstance(value, exp.Distinct):
        if name not in COUNTS or len(value.expressions) != 1:
            refuse("aggregate", what=f"{name} DISTINCT")
        value = value.expressions[0]
    if not (name in COUNTS and sources.is_person(value)):
        check_rows(value, sources, {})
    if name in COUNTS:
        return Measure(
            _both(exp.Not(this=exp.Is(this=_apart(value), expression=exp.null())), filtered), outside=True
        )
    if name in CONDITIONS:
        return Measure(_both(value, filtered), outside=True)
    if name not in SUMS | SPREADS:
        refuse("aggregate", what=name)
    _check_number(value)
    moved = exp.NEQ(this=_apart(value), expression=exp.Literal.number(0))
    conditional = isinstance(value.unnest(), exp.Case) or filtered is not None
    return Measure(
        _both(moved, filtered), outside=conditional, summed=_within(value, filtered) if name in SUMS else None
    )


def _check_number(value: exp.Expr) -> None:
    """A column, arithmetic on columns, or one CASE that gives such a number or nought. Comparisons and text functions
    are not: `SUM(1 + (NIR = ...)::INT)` counts one person in a crowd."""
    bare = value.unnest()
    if isinstance(bare, exp.Case):
        branches: list[exp.Expr] = list(bare.args.get("ifs") or ())
        default: Any = bare.args.get("default")
        nought = (
            default is None
            or isinstance(default, exp.Null)
            or (isinstance(default, exp.Literal) and default.name == "0")
        )
        if len(branches) != 1 or bare.args.get("this") is not None or not nought:
            refuse("sum")
        bare = branches[0].args["true"]
    for node in bare.walk():
        call = isinstance(node, exp.Anonymous)
        if call and node.name.casefold() not in IN_SUM_CALLS:
            refuse("sum")
        if not call and not isinstance(node, IN_SUMS):
            refuse("sum")
        if isinstance(node, exp.DataType) and str(node.this.value) not in NUMBERS:
            refuse("sum")


def _both(first: exp.Expr, second: exp.Expr | None) -> exp.Expr:
    return first if second is None else exp.And(this=_apart(first), expression=_apart(second))


def _within(value: exp.Expr, filtered: exp.Expr | None) -> exp.Expr:
    if filtered is None:
        return value
    return exp.Case(ifs=[exp.If(this=filtered.copy(), true=value.copy())])


def _apart(node: exp.Expr) -> exp.Expr:
    return exp.Paren(this=node.copy())
