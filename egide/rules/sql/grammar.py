"""The SQL we read: DuckDB's, with every function call kept as a bare name, and the parts of speech that are allowed.

sqlglot knows a class for each of hundreds of functions and rewrites many of them between dialects. Here a call stays
the name that was written, so the allow-list is a list of names and what is printed back calls what was read.
"""

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.parsers.duckdb import DuckDBParser

KEPT = ("CAST", "TRY_CAST", "EXTRACT")  # calls with a grammar of their own


class PlainParser(DuckDBParser):
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {name: DuckDBParser.FUNCTION_PARSERS[name] for name in KEPT}
    NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}


class Plain(DuckDB):
    Parser = PlainParser


FIRST_WORDS = frozenset({"SELECT", "WITH", "FROM", "("})
QUERIES: tuple[type[exp.Expr], ...] = (exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Subquery)

CLAUSES = {
    exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join, exp.Where,
    exp.Group, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Having, exp.Qualify, exp.Order, exp.Ordered, exp.Limit,
    exp.Offset, exp.Distinct, exp.Window, exp.WindowSpec, exp.Filter, exp.Values, exp.Table, exp.TableAlias, exp.Unnest,
}  # fmt: skip
TERMS = {
    exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.Tuple,
    exp.Array, exp.Anonymous, exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Extract, exp.Interval,
    exp.Var, exp.Case, exp.If, exp.Exists, exp.All, exp.Any,
}  # fmt: skip
OPERATORS = {
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like,
    exp.ILike, exp.Escape, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod,
    exp.Pow, exp.Neg, exp.DPipe,
}  # fmt: skip
NODES = frozenset(CLAUSES | TERMS | OPERATORS)

T = exp.DataType.Type
TYPES = frozenset({
    T.TINYINT, T.SMALLINT, T.INT, T.BIGINT, T.INT128, T.UTINYINT, T.USMALLINT, T.UINT, T.UBIGINT, T.DECIMAL, T.FLOAT,
    T.DOUBLE, T.TEXT, T.VARCHAR, T.CHAR, T.BOOLEAN, T.DATE, T.TIME, T.TIMESTAMP, T.TIMESTAMPNTZ, T.INTERVAL,
})  # fmt: skip
