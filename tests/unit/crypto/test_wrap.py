"""A wrapped key opens in its place only."""

import dataclasses

import pytest

from egide.crypto.key import Key
from egide.crypto.wrap import WRAPPED, unwrap, wrap
from egide.model.errors import Tampered
from egide.model.sealed import WrappedKey


@pytest.fixture
def row() -> tuple[Key, Key, WrappedKey]:
    key, kek = Key.generate(), Key.generate()
    return key, kek, wrap(key, kek, hub="hub-1", dataset="snds", kek_version=3)


def test_a_key_comes_back(row: tuple[Key, Key, WrappedKey]) -> None:
    key, kek, wrapped = row
    opened = unwrap(wrapped, kek, hub="hub-1")
    assert (opened.id, opened.expose()) == (key.id, key.expose())
    assert len(wrapped.wrapped) == WRAPPED
    assert key.expose() not in wrapped.wrapped


def test_moved_or_altered_rows_are_refused(row: tuple[Key, Key, WrappedKey]) -> None:
    _, kek, good = row
    flipped = bytes((good.wrapped[0] ^ 1,)) + good.wrapped[1:]
    bad = [
        dataclasses.replace(good, dataset="pmsi"),
        dataclasses.replace(good, key_id="0" * 32),
        dataclasses.replace(good, kek_version=4),
        dataclasses.replace(good, wrapped=flipped),
        dataclasses.replace(good, wrapped=good.wrapped[:-1]),
        dataclasses.replace(good, wrapped=b""),
    ]
    for wrapped in bad:
        with pytest.raises(Tampered) as seen:
            unwrap(wrapped, kek, hub="hub-1")
        assert seen.value.facts == {"key_id": wrapped.key_id}
    with pytest.raises(Tampered):
        unwrap(good, kek, hub="hub-2")
    with pytest.raises(Tampered):
        unwrap(good, Key.generate(), hub="hub-1")


def test_a_row_does_not_print_its_key(row: tuple[Key, Key, WrappedKey]) -> None:
    key, _, wrapped = row
    assert wrapped.wrapped.hex() not in repr(wrapped)
    assert key.expose().hex() not in repr(key) and repr(key.expose())[2:-1] not in repr(key)
