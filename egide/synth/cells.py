"""From arrays of numbers to columns of text as CNAM writes them: dates by lookup, decimals exact, names fixed-width."""

from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

Array = np.ndarray[Any, Any]

ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", np.uint8)
HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FIRST, LAST = date(1880, 1, 1), date(2045, 12, 31)
EPOCH = date(1970, 1, 1).toordinal()
NO_DEATH = -1  # written 01/01/1600, which is how the source says that no death is known
NEVER = 10**6  # a day that does not come


def day(year: int, month: int = 1, of_month: int = 1) -> int:
    """Days since 1970-01-01."""
    return date(year, month, of_month).toordinal() - EPOCH


@cache
def _calendar(form: str) -> pa.Array:
    days = (FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1))
    return pa.array([form.format(d=d.day, m=d.month, y=d.year, b=MONTHS[d.month - 1]) for d in days])


@cache
def _year_of() -> Array:
    return np.array([(FIRST + timedelta(n)).year for n in range((LAST - FIRST).days + 1)], np.int32)


def years(days: Array) -> Array:
    """The calendar year of each day."""
    return np.take(_year_of(), days - (FIRST.toordinal() - EPOCH))


def _dates(days: Array, form: str) -> pa.Array:
    return _calendar(form).take(pa.array(days - (FIRST.toordinal() - EPOCH)))


def dates(days: Array) -> pa.Array:
    """dd/MM/yyyy; NO_DEATH becomes 01/01/1600."""
    none = days == NO_DEATH
    if not none.any():
        return _dates(days, "{d:02d}/{m:02d}/{y}")
    found = _dates(np.where(none, 0, days), "{d:02d}/{m:02d}/{y}").to_numpy(zero_copy_only=False)
    found[none] = "01/01/1600"
    return pa.array(found)


def sas_dates(days: Array) -> pa.Array:
    """ddMMMyyyy:HH:mm:ss at midnight, as SAS writes a date in the PMSI."""
    return _dates(days, "{d:02d}{b}{y}:00:00:00")


def plain_dates(days: Array) -> pa.Array:
    """ddMMyyyy."""
    return _dates(days, "{d:02d}{m:02d}{y}")


def months(days: Array) -> pa.Array:
    """yyyyMM."""
    return _dates(days, "{y}{m:02d}")


def month_numbers(days: Array) -> pa.Array:
    """MM."""
    return _dates(days, "{m:02d}")


def texts(characters: Array) -> pa.Array:
    """Rows of ASCII bytes as an Arrow text column, without a Python object per cell."""
    count, width = characters.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    data = np.ascontiguousarray(characters, np.uint8)
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def digits(numbers: Array, width: int) -> pa.Array:
    """Whole numbers as fixed-width text with leading zeros."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return texts((numbers.astype(np.int64)[:, None] // powers % 10 + 48).astype(np.uint8))


def pseudonyms(rng: np.random.Generator, count: int, width: int = 17) -> Array:
    """Random letters and digits: rows of bytes, as long as the source's pseudonyms."""
    return ALPHABET[rng.integers(0, len(ALPHABET), (count, width), dtype=np.uint8)]


def decimals(unscaled: Array, scale: int) -> pa.Array:
    """Exact decimals from whole numbers of their smallest unit."""
    words = np.empty((len(unscaled), 2), np.int64)
    words[:, 0] = unscaled
    words[:, 1] = words[:, 0] >> 63
    return pa.Array.from_buffers(pa.decimal128(18, scale), len(unscaled), [None, pa.py_buffer(words)])


def same(value: object, count: int) -> pa.Array:
    """One value all the way down."""
    return pa.repeat(pa.scalar(value), count)
