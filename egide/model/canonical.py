"""The one way to write a document down before it is signed or hashed, and the one way to write an instant.

UTF-8 JSON, keys sorted by code point, no spaces, no floats: decimals travel as strings, so two languages cannot
round them differently. Whole numbers stay within 2**53, which every JSON reader keeps exact (RFC 7493).
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

_LARGEST = 2**53 - 1
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def canonical(document: object) -> bytes:
    """The bytes to sign or hash. Raises TypeError for what has no single written form, ValueError for lone surrogates."""
    return json.dumps(
        _plain(document), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode("utf-8")


def parse_canonical(data: bytes) -> object:
    """The document that `data` writes. Raises ValueError unless `data` is exactly its canonical form."""
    try:
        document = json.loads(data.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float)
        written = canonical(document)
    except (RecursionError, TypeError) as problem:
        raise ValueError("not in canonical form") from problem
    if written != data:
        raise ValueError("not in canonical form")
    return document


def _no_float(_: str) -> object:
    raise ValueError("a signed document holds no float")


def _plain(value: object) -> object:
    match value:
        case None | bool() | str():
            return value
        case int() if abs(value) <= _LARGEST:
            return int(value)
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                raise TypeError("keys are text")
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


def instant(moment: datetime) -> str:
    """A UTC instant to the second, as every signed document writes it. Raises ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_instant(text: str) -> None:
    """Raises ValueError unless `text` is a real UTC instant to the second."""
    if not _INSTANT.fullmatch(text):
        raise ValueError("an instant is written YYYY-MM-DDThh:mm:ssZ")
    datetime.fromisoformat(text)
