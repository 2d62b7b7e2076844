"""What a frame adds to its table's tally: rows by fate, rule and month."""

import numpy as np

from egide.frame.frame import Coded, Frame
from egide.model.delivery import TableTally


def days_of(frame: Frame) -> np.ndarray:
    date = frame.columns.get(frame.table.date) if frame.table.date else None
    if date is None:
        return np.zeros(len(frame), np.int64)
    days = date.numbers()
    return days // 86_400 if date.column.kind.value == "datetime" else days


def count(tally: TableTally, frame: Frame) -> None:
    """Adds a frame to its table's tally."""
    tally.accepted += len(frame)
    tally.quarantined += len(frame.refusals)
    tally.rows_in += len(frame) + len(frame.refusals)
    tally.flagged += frame.flagged()
    for refusal in frame.refusals:
        tally.rules[refusal.rule, refusal.column] += 1
    for why, rows in frame.flags.items():
        tally.rules[why] += int(rows.sum())
    _count_months(tally, frame)


def _count_months(tally: TableTally, frame: Frame) -> None:
    name = frame.table.date or frame.table.period
    column = frame.columns.get(name) if name else None
    if not isinstance(column, Coded) or not len(frame):
        return
    counts = np.bincount(column.codes, minlength=len(column.vocabulary))
    for code in np.flatnonzero(counts).tolist():
        if code:
            tally.months[_month(column, code)] += int(counts[code])


def _month(column: Coded, code: int) -> str:
    value = column.vocabulary.typed[code]
    kind = column.column.kind.value
    if kind in ("date", "datetime") and isinstance(value, int):
        return str(np.datetime64(value, "D" if kind == "date" else "s").astype("datetime64[M]"))
    return str(value)
