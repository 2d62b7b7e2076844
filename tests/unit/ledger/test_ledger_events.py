"""What the public may read of an event, and what it may not."""

import json

import pytest

from egide.crypto.commit import SALT_BYTES, commit, commitment_of, reveal
from egide.model.canonical import canonical, parse_canonical
from egide.model.errors import Tampered
from egide.model.event import Event, EventKind, Leaf
from egide.model.messages import known, say

AT = "2026-01-02T03:04:05Z"


def test_a_leaf_shows_kind_time_and_commitment_only() -> None:
    made = commit(Event(EventKind.QUERIED, AT, {"permit": "p-1", "sql": "SELECT 1", "account": "somebody"}))
    assert json.loads(made.leaf).keys() == {"kind", "time", "commitment"}
    assert b"somebody" not in made.leaf and b"SELECT" not in made.leaf and b"p-1" not in made.leaf


def test_the_same_facts_twice_look_unrelated() -> None:
    event = Event(EventKind.QUERIED, AT, {"n": 1})
    assert commit(event).leaf != commit(event).leaf


def test_a_known_commitment() -> None:
    """Worked by hand in docs/ledger-format.md, with sha256sum."""
    assert (
        commitment_of(bytes(SALT_BYTES), {"people": 20000, "holder": "cnam"})
        == "1c6561490f52e5ce90a20389d6c934da8198058d167ac30e7bcd2e6d8ba6df4a"
    )


def test_the_side_row_opens_its_leaf() -> None:
    event = Event(EventKind.DELIVERED, AT, {"holder": "cnam", "rows": 12, "note": "été"})
    made = commit(event)
    assert reveal(made.leaf, made.side) == event


@pytest.mark.parametrize(
    "change",
    [
        lambda side: side.replace(b'"rows":12', b'"rows":13'),
        lambda side: side.replace(b'"salt":"', b'"salt":"00'),
        lambda side: side + b" ",
        lambda side: b"{}",
        lambda side: b'{"facts":{"a":1.5},"salt":""}',
        lambda side: b"\xff",
    ],
)
def test_another_side_row_is_refused(change: object) -> None:
    made = commit(Event(EventKind.DELIVERED, AT, {"holder": "cnam", "rows": 12}))
    assert callable(change)
    with pytest.raises(Tampered):
        reveal(made.leaf, change(made.side))


@pytest.mark.parametrize(
    "leaf",
    [
        b"",
        b"{}",
        b'{"kind":"queried","time":"2026-01-02T03:04:05Z","commitment":""}',  # keys out of order
        b'{"commitment":"","kind":"objected","time":"2026-01-02T03:04:05Z"}',
        b'{"commitment":"","kind":"queried","time":"2026-01-02T03:04:05+01:00"}',
        b'{"commitment":"","extra":"","kind":"queried","time":"2026-01-02T03:04:05Z"}',
    ],
)
def test_a_malformed_leaf_is_refused(leaf: bytes) -> None:
    with pytest.raises(Tampered):
        Leaf.parse(leaf)


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_has_its_two_labels(kind: EventKind) -> None:
    assert known(f"event.{kind}")
    assert say(f"event.{kind}", "fr") and say(f"event.{kind}", "en")


@pytest.mark.parametrize("word", ["object", "opposition", "exclusion", "erase", "person"])
def test_no_kind_tells_that_somebody_objected(word: str) -> None:
    assert not [kind for kind in EventKind if word in kind]


@pytest.mark.parametrize("at", ["2026-01-02", "2026-13-02T03:04:05Z", "2026-01-02T03:04:05.1Z", "now"])
def test_a_time_that_is_none_is_refused(at: str) -> None:
    with pytest.raises(ValueError, match=r"instant|month"):
        Event(EventKind.QUERIED, at, {})


@pytest.mark.parametrize("value", [1.5, {"a": 0.1}, [float("nan")], b"x", {1: "x"}, 2**53, {"a"}])
def test_no_single_written_form_no_signature(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def test_canonical_form() -> None:
    found = canonical({"b": [1, True, None], "a": "é\n", "C": {}})
    assert found == '{"C":{},"a":"é\\n","b":[1,true,null]}'.encode()
    assert parse_canonical(found) == {"b": [1, True, None], "a": "é\n", "C": {}}


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":NaN}',
        b"[" * 60000,
        b"9007199254740993",
    ],
)
def test_any_other_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"canonical|float"):
        parse_canonical(data)
