"""A recognised aggregate query: the SQL that answers and counts persons at once, and how to read its columns."""

from dataclasses import dataclass

from egide.model.errors import Denied

RESERVED = "__egide"  # our columns' names begin so; a researcher's may not


class NotRecognised(Denied):
    """The query is no aggregate whose persons we can count: outside C0 its answer may not be shown."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds of a permit. `threshold` is the fewest persons of a cell that is shown; a sum is hidden when its two
    largest persons make up more than `two_largest` of it, or when what the others add is less than `p` times the
    largest (p % rule)."""

    threshold: int = 11
    p: float = 0.10
    two_largest: float = 0.90


@dataclass(frozen=True, slots=True)
class Sort:
    column: int
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Guarded:
    """Numbers are column positions in the answer to `sql`, whose first columns are those to show.

    `dominance`: queries that answer with the key columns, `grouping`, then per sum its total and its largest and second
    largest person.
    """

    sql: str
    dominance: tuple[str, ...]
    shown: tuple[str, ...]  # names
    key_of: tuple[int | None, ...]  # for each shown column, which key it is; None: a measure
    public: tuple[bool, ...]  # for each key, whether naming its values names nobody
    keys: tuple[int, ...]
    grouping: int | None  # GROUPING() over all keys; None: every row has every key
    persons: tuple[int, ...]  # counts of persons: the smallest counts
    rests: tuple[int, ...]  # persons outside a condition: nought, or enough
    having: int | None
    order: tuple[Sort, ...]
    limit: int | None
    offset: int
