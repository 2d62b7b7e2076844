"""The distinct values of one column, each judged once, in the order in which they were met."""

from array import array

import numpy as np
import pyarrow as pa

from egide.frame.judge import OK, UNKNOWN, Judge, Typed
from egide.model.table import Column, Kind

NULL = 0  # the code of an absent value, in every vocabulary


class Vocabulary:
    """Codes for a column's values. `typed[code]` is the value in canonical form, `verdicts[code]` what was judged."""

    def __init__(self, column: Column, judge: Judge, null: str = "") -> None:
        self.column = column
        self.judge = judge
        self.null = null
        self.code_of: dict[str, int] = {null: NULL, "": NULL}
        self.typed: list[Typed | bytes] = [None]
        self._verdicts = array("B", [OK])
        self._numbers = np.zeros(0, np.int64)

    def __len__(self) -> int:
        return len(self.typed)

    def encode(self, values: list[str | None]) -> np.ndarray:
        """Codes of distinct values; values never met before are judged now."""
        get = self.code_of.get
        return np.fromiter(
            (NULL if v is None else (c if (c := get(v)) is not None else self._learn(v)) for v in values),
            np.int32,
            len(values),
        )

    def close(self) -> None:
        """Forgets which text had which code: no more rows will come, and half the memory is free again."""
        self.code_of.clear()

    def _learn(self, value: str) -> int:
        verdict, typed = self.judge(value)
        code = len(self.typed)
        self.code_of[value] = code
        self.typed.append(typed)
        self._verdicts.append(verdict)
        return code

    @property
    def verdicts(self) -> np.ndarray:
        return np.frombuffer(self._verdicts, np.uint8)

    def spotless(self, since: int = 0) -> bool:
        """Whether every value met from code `since` on is good and known."""
        return not any(self._verdicts[since:])

    def refused(self) -> np.ndarray:
        v = self.verdicts
        return (v != OK) & (v != UNKNOWN)

    def numbers(self) -> np.ndarray:
        """Typed values as int64 by code; absent and refused ones are 0. Grows with the vocabulary, never recomputed."""
        known = len(self._numbers)
        if known < len(self.typed):
            fresh = np.fromiter(
                (v if isinstance(v, int) else 0 for v in self.typed[known:]),
                np.int64,
                len(self.typed) - known,
            )
            self._numbers = np.concatenate([self._numbers, fresh])
        return self._numbers

    def array(self, codes: np.ndarray) -> pa.Array:
        """The Arrow values of these codes, in the column's canonical type."""
        return arrow_of(self.column, [self.typed[c] for c in codes])


def arrow_type(column: Column) -> pa.DataType:
    """The canonical Arrow type. Identifiers of persons and providers are raw 160-bit pseudonyms."""
    if column.domain is not None and column.domain.value in {"psa", "ano", "idt", "provider", "stage1"}:
        return pa.binary(20)
    return {
        Kind.TEXT: pa.string(),
        Kind.INTEGER: pa.int64(),
        Kind.DECIMAL: pa.decimal128(column.precision or 18, column.scale or 0),
        Kind.DATE: pa.date32(),
        Kind.DATETIME: pa.timestamp("s"),
    }[column.kind]


def arrow_of(column: Column, typed: list[Typed | bytes]) -> pa.Array:
    target = arrow_type(column)
    if pa.types.is_decimal(target):
        return decimals(
            np.fromiter((v or 0 for v in typed), np.int64, len(typed)),
            target,
            np.array([v is None for v in typed], bool),
        )
    if pa.types.is_date32(target):
        return pa.array(typed, pa.int32()).cast(target)
    if pa.types.is_timestamp(target):
        return pa.array(typed, pa.int64()).cast(target)
    return pa.array(typed, target)


def decimals(unscaled: np.ndarray, target: pa.DataType, absent: np.ndarray) -> pa.Array:
    """decimal128 from 64-bit unscaled integers: the low word is the number, the high word its sign."""
    words = np.empty((len(unscaled), 2), np.int64)
    words[:, 0] = unscaled
    words[:, 1] = unscaled >> 63
    valid = pa.array(~absent).buffers()[1] if absent.any() else None
    return pa.Array.from_buffers(target, len(unscaled), [valid, pa.py_buffer(words)])
