"""A profile says what is frequent and rounded, and nothing that fewer than eleven persons share."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egide.model.catalogue import ColumnProfile, Shape
from egide.model.table import Column, Domain, Kind, PersonRule, Table
from egide.rules.counts import SMALLEST
from egide.stages.catalogue import Profiler

TABLE = Table(
    name="VISITS",
    product="test",
    columns=(
        Column("WHO", Kind.TEXT, domain=Domain.PSA),
        Column("SEX", Kind.TEXT, codes="sex"),
        Column("AGE", Kind.INTEGER),
        Column("PAID", Kind.DECIMAL, precision=12, scale=2),
        Column("DAY", Kind.DATE),
    ),
    key=(),
    person=PersonRule("psa", ("WHO",)),
)


def pseudonyms(persons: Sequence[int]) -> pa.Array:
    return pa.array([p.to_bytes(8, "big") + bytes(12) for p in persons], pa.binary(20))


def batch(persons: Sequence[int], **columns: pa.Array) -> pa.RecordBatch:
    return pa.record_batch({"PERSON_ID": pseudonyms(persons), **columns})


def profile(column: str, persons: Sequence[int], values: pa.Array) -> ColumnProfile:
    profiler = Profiler(TABLE)
    profiler.add(batch(persons, **{column: values}))
    return profiler.finish()[column]


def test_frequent_codes_are_counted_to_five() -> None:
    codes = ["1"] * 503 + ["2"] * 498 + ["9"] * 3 + ["0"] * 4
    found = profile("SEX", range(len(codes)), pa.array(codes))
    assert [(v.code, v.rows) for v in found.values] == [("1", 505), ("2", 500)]
    assert found.others is None
    assert found.distinct == 2


def test_a_code_of_many_rows_of_few_persons_is_hidden() -> None:
    codes = ["1"] * 200 + ["rare"] * 500 + ["odd"] * 500
    persons = [*range(200), *([7] * 500), *(i % 10 for i in range(500))]
    found = profile("SEX", persons, pa.array(codes))
    assert [v.code for v in found.values] == ["1"]
    assert "rare" not in json.dumps(found.to_json())
    assert found.others is None  # ten persons together


def test_a_single_hidden_code_takes_another_with_it() -> None:
    codes = ["1"] * 500 + ["2"] * 40 + ["9"] * 5
    found = profile("SEX", range(545), pa.array(codes))
    assert [v.code for v in found.values] == ["1"]
    assert found.others == 45


def test_identifiers_say_only_whether_they_are_filled() -> None:
    found = profile("WHO", range(100), pa.array(["X"] * 60 + [None] * 40))
    assert found.shape is Shape.IDENTIFIER
    assert found.missing == 0.4
    assert not (found.values or found.bins or found.quantiles or found.distinct)


@pytest.mark.parametrize("missing", range(11))
def test_up_to_ten_missing_rows_look_like_none(missing: int) -> None:
    found = profile("WHO", range(100), pa.array([None] * missing + ["X"] * (100 - missing)))
    assert found.missing == 0.0


def test_one_outlier_changes_nothing() -> None:
    ages = [20 + i % 60 for i in range(2000)]
    first, second = (
        profile("AGE", range(2001), pa.array([*ages, age], pa.int32())).to_json() for age in (104, 31_000)
    )
    assert first["distinct"] == 60
    assert first == second
    assert first["bins"][0]["start"] is None
    assert first["bins"][-1]["end"] is None


def test_money_is_read_whatever_its_encoding() -> None:
    paid = [Decimal(i % 4000).scaleb(-2) for i in range(8000)]
    plain = pa.array(paid, pa.decimal128(12, 2))
    shown = [
        profile("PAID", range(8000), v) for v in (plain, plain.dictionary_encode(), plain.slice(0, 8000))
    ]
    assert shown[0] == shown[1] == shown[2]
    assert shown[0].quantiles["p50"] == "20"
    assert profile("PAID", range(7000), plain.slice(1000)).rows == 7000


def test_negative_numbers_keep_their_order() -> None:
    found = profile("AGE", range(4000), pa.array([i - 2000 for i in range(4000)], pa.int64()))
    edges = [int(b.end) for b in found.bins[:-1] if b.end]
    assert edges == sorted(edges)
    assert edges[0] < 0 < edges[-1]
    assert sum(b.rows for b in found.bins) == pytest.approx(4000, abs=100)


def test_no_death_is_counted_apart() -> None:
    days = [date(1600, 1, 1)] * 900 + [date(2019 + i % 6, 1 + i % 12, 5) for i in range(300)]
    found = profile("DAY", range(1200), pa.array(days, pa.date32()))
    assert found.filler == 900
    assert all(b.start is None or b.start > "2018" for b in found.bins)
    assert sum(b.rows for b in found.bins) == pytest.approx(300, abs=30)


def test_too_many_values_are_forgotten() -> None:
    found = profile("SEX", range(20_000), pa.array([str(i) for i in range(20_000)]))
    assert found.shape is Shape.MANY
    assert found.values == ()


def test_a_table_of_ten_rows_says_nothing() -> None:
    profiler = Profiler(TABLE)
    profiler.add(batch(range(10), SEX=pa.array(["1"] * 10), AGE=pa.array([5] * 10)))
    for found in profiler.finish().values():
        assert found == ColumnProfile(found.column, found.shape, None, None)


def test_a_profile_is_read_back_as_it_was_written() -> None:
    profiler = Profiler(TABLE)
    profiler.add(batch(range(500), SEX=pa.array(["1"] * 500), AGE=pa.array(range(500), pa.int32())))
    for found in profiler.finish().values():
        assert ColumnProfile.from_json(json.loads(json.dumps(found.to_json()))) == found


people = st.integers(0, 40)
rows = st.lists(
    st.tuples(
        people,
        st.sampled_from(["1", "2", "3", "4", None]),
        st.none() | st.integers(-2000, 200_000) | st.integers(0, 30),
        st.none() | st.dates(date(1990, 1, 1), date(2025, 1, 1)),
    ),
    max_size=400,
)


def as_batch(found: list[tuple[int, str | None, int | None, date | None]]) -> pa.RecordBatch:
    persons, sex, age, day = zip(*found, strict=True) if found else ((), (), (), ())
    return batch(
        persons,
        SEX=pa.array(sex, pa.string()).dictionary_encode(),
        AGE=pa.array(age, pa.int32()),
        DAY=pa.array(day, pa.date32()),
    )


@settings(max_examples=80, deadline=None)
@given(rows)
def test_nothing_shown_is_shared_by_fewer_than_eleven(found) -> None:
    profiler = Profiler(TABLE)
    profiler.add(as_batch(found))
    shown = profiler.finish()
    who = defaultdict(set)
    for person, sex, _, _ in found:
        who[sex].add(person)
    for value in shown["SEX"].values:
        assert len(who[value.code]) >= SMALLEST
    for name, place, known in (("AGE", 2, int), ("DAY", 3, lambda m: date.fromisoformat(f"{m}-01"))):
        for one in shown[name].bins:
            inside = {
                row[0]
                for row in found
                if row[place] is not None
                and (one.start is None or row[place] >= known(one.start))
                and (one.end is None or row[place] < known(one.end))
            }
            assert len(inside) >= SMALLEST
    assert all(n % 5 == 0 and n > SMALLEST for n in counts(shown))


def counts(shown: dict[str, ColumnProfile]) -> list[int]:
    return [
        n
        for p in shown.values()
        for n in (p.rows, p.others, p.filler, *(v.rows for v in p.values), *(b.rows for b in p.bins))
        if n is not None
    ]


@settings(max_examples=40, deadline=None)
@given(rows, st.integers(0, 400))
def test_two_workers_say_what_one_says(found, cut: int) -> None:
    one, left, right = Profiler(TABLE), Profiler(TABLE), Profiler(TABLE)
    one.add(as_batch(found))
    left.add(as_batch(found[:cut]))
    right.add(as_batch(found[cut:]))
    left.merge(right)
    assert left.finish() == one.finish()


def test_a_large_table_agrees_with_a_plain_count() -> None:
    rng = np.random.default_rng(7)
    codes = [f"{i:03d}" for i in range(300)]
    picked = (rng.zipf(1.5, 200_000) % 300).astype(np.int32)
    persons = rng.integers(0, 20_000, 200_000)
    profiler = Profiler(TABLE)
    table = pa.table(
        {
            "PERSON_ID": pa.array(persons),
            "SEX": pa.DictionaryArray.from_arrays(pa.array(picked), pa.array(codes)),
        }
    )
    for part in table.to_batches(max_chunksize=30_000):
        profiler.add(part)
    shown = profiler.finish()["SEX"]
    rows = np.bincount(picked, minlength=300)
    sharing = [len(np.unique(persons[picked == i])) for i in range(300)]
    assert shown.distinct == round(sum(n >= SMALLEST for n in sharing), -1)
    for value in shown.values:
        assert abs(value.rows - rows[int(value.code)]) <= 2
