"""Is this text a value of that column? The exact rules, one distinct value at a time.

A verdict is OK, a refusal (TYPE, WIDTH) or a flag (UNKNOWN). What a value is like can be said without saying it:
`value_class`.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime

from egide.model.table import Column, Kind

OK, TYPE, WIDTH, UNKNOWN = range(4)
RULE_OF = {TYPE: "type", WIDTH: "width", UNKNOWN: "unknown-code"}

Typed = str | int | None
Judge = Callable[[str], tuple[int, Typed]]

_INTEGER = re.compile(r"-?[0-9]+\Z")
_DECIMAL = re.compile(r"-?[0-9]+(?:\.([0-9]+))?\Z")
_MONTHS = {
    m: i
    for i, m in enumerate(
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1
    )
}
_DATE_SHAPES = {
    "%d/%m/%Y": re.compile(r"(?P<d>\d{2})/(?P<m>\d{2})/(?P<y>\d{4})\Z", re.ASCII),
    "%Y-%m-%d": re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})\Z", re.ASCII),
    "%d%m%Y": re.compile(r"(?P<d>\d{2})(?P<m>\d{2})(?P<y>\d{4})\Z", re.ASCII),
    "%d%b%Y": re.compile(r"(?P<d>\d{2})(?P<b>[A-Za-z]{3})(?P<y>\d{4})\Z", re.ASCII),
    "%d%b%Y:%H:%M:%S": re.compile(
        r"(?P<d>\d{2})(?P<b>[A-Za-z]{3})(?P<y>\d{4}):(?P<H>\d{2}):(?P<M>\d{2}):(?P<S>\d{2})\Z", re.ASCII
    ),
}
_EPOCH = date(1970, 1, 1).toordinal()


def judge_of(column: Column, date_format: str, codes: frozenset[str] | None) -> Judge:
    """The judge of a column's values. `date_format` is the dialect's, unless the column has its own."""
    by_kind: dict[Kind, Judge] = {
        Kind.TEXT: lambda v: _text(v, column.length),
        Kind.INTEGER: _integer,
        Kind.DECIMAL: lambda v: _decimal(v, column.precision or 18, column.scale or 0),
        Kind.DATE: lambda v: _date(v, column.date_format or date_format),
        Kind.DATETIME: lambda v: _datetime(v, column.date_format or date_format),
    }
    judge = by_kind[column.kind]
    if codes is None:
        return judge

    def coded(value: str) -> tuple[int, Typed]:
        verdict, typed = judge(value)
        return (UNKNOWN, typed) if verdict == OK and str(typed) not in codes else (verdict, typed)

    return coded


def _text(value: str, length: int | None) -> tuple[int, Typed]:
    return (WIDTH, None) if length is not None and len(value) > length else (OK, value)


def _integer(value: str) -> tuple[int, Typed]:
    if not _INTEGER.match(value):
        return TYPE, None
    return (OK, int(value)) if len(value.lstrip("-0")) <= 18 else (WIDTH, None)


def _decimal(value: str, precision: int, scale: int) -> tuple[int, Typed]:
    """The unscaled integer: 12.30 at scale 2 is 1230. More digits than the scale is another type of number."""
    found = _DECIMAL.match(value)
    if not found:
        return TYPE, None
    fraction = found[1] or ""
    if len(fraction) > scale:
        return TYPE, None
    digits = value.replace(".", "") + "0" * (scale - len(fraction))
    return (OK, int(digits)) if len(digits.lstrip("-0")) <= precision else (WIDTH, None)


def _parts(value: str, form: str) -> tuple[date, dict[str, str]] | None:
    found = _DATE_SHAPES[form].match(value)
    if not found:
        return None
    parts = found.groupdict()
    month = _MONTHS.get(parts["b"].upper(), 0) if "b" in parts else int(parts["m"])
    try:
        return date(int(parts["y"]), month, int(parts["d"])), parts
    except ValueError:
        return None


def _date(value: str, form: str) -> tuple[int, Typed]:
    """Days since 1970-01-01."""
    found = _parts(value, form)
    return (OK, found[0].toordinal() - _EPOCH) if found else (TYPE, None)


def _datetime(value: str, form: str) -> tuple[int, Typed]:
    """Seconds since 1970-01-01, no time zone. A date alone is its midnight."""
    found = _parts(value, form)
    if not found:
        return TYPE, None
    day, parts = found
    try:
        at = datetime(day.year, day.month, day.day, *(int(parts.get(p, 0)) for p in "HMS"), tzinfo=UTC)
    except ValueError:
        return TYPE, None
    return OK, int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())


_CLASSES = (
    ("digits", re.compile(r"[0-9]+\Z")),
    ("number", re.compile(r"-?[0-9]+[.,][0-9]+\Z|-[0-9]+\Z")),
    ("date", re.compile(r"[0-9]{1,4}[/-][0-9]{1,2}[/-][0-9]{1,4}\Z")),
    ("letters", re.compile(r"[^\W\d_]+\Z")),
    ("spaces", re.compile(r"\s+\Z")),
)


def value_class(value: str | None) -> str:
    """What a refused value is like, without saying it: a kind and a length."""
    if value is None or value == "":
        return "empty"
    kind = next((name for name, shape in _CLASSES if shape.match(value)), "mixed")
    return f"{kind}({len(value)})"
