"""The Records port over Django's ORM. A row class maps to the model of the same name, field by field."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

from django.db import DatabaseError, IntegrityError, connection, transaction

from egide.adapters.records import models
from egide.adapters.records.ledger import DjangoLedger
from egide.model.errors import Denied, Unreachable
from egide.model.records import ROWS

T = TypeVar("T")
_BATCH = 500


class DjangoRecords:
    """See egide.ports.records.Records."""

    def __init__(self) -> None:
        self.ledger = DjangoLedger()

    @contextmanager
    def changing(self) -> Iterator[None]:
        try:
            with transaction.atomic():
                before = self.ledger.size()
                yield
                if self.ledger.size() == before:
                    raise AssertionError("a change of the records needs its event")
        except DatabaseError as problem:
            raise Unreachable("records.failed", reason=type(problem).__name__) from problem

    def get(self, kind: type[T], *key: object) -> T | None:
        found = self.where(kind, **dict(zip(_key(kind), key, strict=True)))
        return found[0] if found else None

    def where(self, kind: type[T], /, **equal: Any) -> list[T]:
        rows = _model(kind).objects.filter(**equal).order_by(*_key(kind))
        return [_row(kind, r) for r in rows.values()]

    def count(self, kind: type[T], /, **equal: Any) -> int:
        return _model(kind).objects.filter(**equal).count()

    def add(self, row: object) -> None:
        try:
            with transaction.atomic():
                _model(type(row)).objects.create(**_fields(row))
        except IntegrityError:
            raise Denied("records.exists", kind=type(row).__name__.removesuffix("Row").lower()) from None

    def add_all(self, rows: list[Any]) -> None:
        if rows:
            model = _model(type(rows[0]))
            model.objects.bulk_create([model(**_fields(r)) for r in rows], batch_size=_BATCH)

    def replace(self, row: object) -> None:
        values = _fields(row)
        key = {name: values.pop(name) for name in _key(type(row))}
        _model(type(row)).objects.update_or_create(defaults=values, **key)

    def remove(self, kind: type[T], /, **equal: Any) -> int:
        return _model(kind).objects.filter(**equal).delete()[0]

    def backup(self) -> bytes:
        connection.ensure_connection()
        with closing(sqlite3.connect(":memory:")) as copy:
            connection.connection.backup(copy)
            return copy.serialize()

    def close(self) -> None:
        connection.close()


@cache
def _key(kind: type) -> tuple[str, ...]:
    return kind.key  # type: ignore[attr-defined,no-any-return]


@cache
def _model(kind: type) -> Any:
    if kind not in ROWS:
        raise TypeError(f"{kind.__name__} is no row of the records")
    return getattr(models, kind.__name__)


def _fields(row: object) -> dict[str, Any]:
    return {f.name: getattr(row, f.name) for f in fields(row)}  # type: ignore[arg-type]


def _row(kind: type[T], values: dict[str, Any]) -> T:
    made = {}
    for f in fields(kind):  # type: ignore[arg-type]
        value = values[f.name]
        made[f.name] = (
            tuple(value)
            if isinstance(value, list)
            else bytes(value)
            if isinstance(value, memoryview)
            else value
        )
    return kind(**made)
