"""Which keys were seen, by period, whether they stay in memory or are put away."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny import integer, text

from egide.frame.frame import Coded, Plain
from egide.frame.judge import judge_of
from egide.frame.keys import Back, KeyHasher, KeyIndex
from egide.frame.vocabulary import Vocabulary
from egide.model.table import Column, Domain, Kind

ROWS = st.lists(
    st.lists(st.tuples(st.integers(0, 40), st.integers(2019, 2022)), min_size=1, max_size=12), max_size=8
)


class Shelf:
    """Where arrays go: each may be brought back once."""

    def __init__(self) -> None:
        self.away = 0
        self.back = 0

    def __call__(self, arrays: list[np.ndarray]) -> Back:
        kept = [a.copy() for a in arrays]
        self.away += 1

        def bring() -> list[np.ndarray]:
            self.back += 1
            return [kept.pop(0) for _ in range(len(kept))]

        return bring


@settings(max_examples=80, deadline=None)
@given(ROWS, st.integers(1, 30))
def test_an_index_answers_like_a_dictionary_whatever_its_budget(
    batches: list[list[tuple[int, int]]], budget: int
) -> None:
    shelf = Shelf()
    index, plain = KeyIndex(shelf, budget), dict[tuple[int, int], int]()
    for number, batch in enumerate(batches):
        keys = np.array([k for k, _ in batch], np.uint64)
        years = np.array([y for _, y in batch], np.int64)
        fresh = index.first_seen(keys, years)
        expected = [row not in plain and row not in batch[:at] for at, row in enumerate(batch)]
        assert fresh.tolist() == expected
        index.add(keys[fresh], np.full(int(fresh.sum()), number, np.int32), years[fresh])
        plain |= {row: number for row, yes in zip(batch, expected, strict=True) if yes}
    assert len(index) == len(plain)
    asked = [(k, y) for k in range(42) for y in range(2019, 2023)]
    known, persons = index.persons_of(
        np.array([k for k, _ in asked], np.uint64), np.array([y for _, y in asked], np.int64)
    )
    assert known.tolist() == [row in plain for row in asked]
    assert persons.tolist() == [plain.get(row, -1) for row in asked]


def test_a_period_put_away_comes_back_once_and_may_leave_again() -> None:
    shelf = Shelf()
    index = KeyIndex(shelf, 4)
    for _ in range(3):
        for year in (2019, 2020):
            keys = np.arange(len(index), len(index) + 3).astype(np.uint64)
            index.add(keys, np.zeros(3, np.int32), np.full(3, year))
    assert shelf.away > shelf.back > 0
    assert not index.first_seen(np.array([0], np.uint64), np.array([2019]))[0]
    assert index.first_seen(np.array([0], np.uint64), np.array([2020]))[0]


def test_one_period_stays_however_large() -> None:
    shelf = Shelf()
    index = KeyIndex(shelf, 1)
    index.add(np.arange(9, dtype=np.uint64), np.zeros(9, np.int32), np.zeros(9, np.int64))
    assert shelf.away == 0


def coded(column: Column, values: list[str | None], form: str = "%d/%m/%Y", null: str = "") -> Coded:
    words = Vocabulary(column, judge_of(column, form, None), null)
    return Coded(words, words.encode(values))


def test_a_key_hashes_alike_in_every_form_it_travels_in() -> None:
    hasher, years = KeyHasher(), np.array([2019, 2019])
    number = integer("N", domain=Domain.ROW)
    plain = Plain(number, np.array([7, -7], np.int64), np.array([False, False]))
    day = Column("D", Kind.DATE)
    french, iso = (
        coded(day, ["02/01/2019", "29/02/2020"]),
        coded(day, ["2019-01-02", "2020-02-29"], "%Y-%m-%d"),
    )
    words = text("T")
    one, other = coded(words, ["a", "b"]), coded(words, ["a", "b"], null="NA")
    other.vocabulary.encode(["z"])
    expected = hasher.rows([plain, french, one], years)
    assert expected.tolist() == hasher.rows([coded(number, ["7", "-7"]), iso, other], years).tolist()
    stored = [np.array([7, -7], np.int64), french.numbers(), ["a", "b"]]
    assert expected.tolist() == hasher.values(stored, years).tolist()
    assert len(set(expected.tolist())) == 2


def test_order_period_and_run_are_part_of_the_key() -> None:
    hasher, same = KeyHasher(), np.array([2019])
    a, b = coded(text("A"), ["x"]), coded(text("B"), ["y"])
    hashes = [
        hasher.rows([a, b], same)[0],
        hasher.rows([b, a], same)[0],
        hasher.rows([a, b], np.array([2020]))[0],
        KeyHasher().rows([a, b], same)[0],
    ]
    assert len(set(hashes)) == 4


@pytest.mark.parametrize("values", [[], ["x"]])
def test_hashing_and_asking_nothing_is_no_error(values: list[str]) -> None:
    column = coded(text("A"), list(values))
    hashed = KeyHasher().rows([column], np.zeros(len(values), np.int64))
    index = KeyIndex()
    index.add(hashed[:0], np.empty(0, np.int32), np.empty(0, np.int64))
    assert index.first_seen(hashed, np.zeros(len(hashed), np.int64)).tolist() == [True] * len(values)
