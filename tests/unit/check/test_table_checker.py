"""From a file's bytes to frames: what is kept, what is set aside and why."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny import (
    accepted,
    checker_of,
    frames_of,
    integer,
    refused,
    small_blocks,
    table,
    text,
)

from egide.frame.frame import Coded, Frame, Plain
from egide.model.delivery import Dialect
from egide.model.errors import BadInput
from egide.model.table import Column, Domain, Kind, PersonRule

NUMBER = integer("N", domain=Domain.ROW)
DAY = Column("D", Kind.DATE)
PEOPLE = table(text("K"), text("V", 3), key=("K",))


def values(frames: list[Frame], name: str) -> list[object]:
    found: list[object] = []
    for frame in (f for f in frames if len(f)):
        column = frame.columns[name]
        if isinstance(column, Coded):
            found += column.texts()
        else:
            found += column.array().to_pylist()
    return found


def refusal_of(data: bytes, of: object = PEOPLE, dialect: Dialect | None = None) -> str:
    with pytest.raises(BadInput) as problem:
        frames_of(checker_of(of), data, dialect)  # type: ignore[arg-type]
    return problem.value.key


def test_the_first_rule_that_a_row_breaks_is_said_and_the_others_beside_it() -> None:
    of = table(text("K"), integer("I"), DAY, key=("K",))
    [frame] = frames_of(checker_of(of), b"K;I;D\n;x;31/02/2019\nk;1;01/02/2019\n")
    [row] = frame.refusals
    assert (row.line, row.column, row.rule, row.value_class) == (2, "I", "type", "letters(1)")
    assert row.also == "D:type K:null-key"
    assert row.raw == b";x;31/02/2019"
    assert accepted([frame]) == [3]


def test_a_key_is_met_once_in_a_delivery_whatever_its_files_and_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small_blocks(monkeypatch, 5)
    checker = checker_of(PEOPLE)
    first = frames_of(checker, b"K;V\na;1\nb;2\na;3\n")
    second = frames_of(checker, b"V;K\n9;b\n9;c\n")
    assert accepted(first) == [2, 3] and refused(first) == [(4, "K", "duplicate-key")]
    assert accepted(second) == [3] and refused(second) == [(2, "K", "duplicate-key")]


def test_a_row_refused_for_another_reason_leaves_its_key_free() -> None:
    frames = frames_of(checker_of(PEOPLE), b"K;V\na;long\na;ok\n")
    assert accepted(frames) == [3] and refused(frames) == [(2, "V", "width")]


def test_the_same_key_in_another_period_is_another_row() -> None:
    of = table(text("K"), text("Y", 4), key=("K",), period="Y")
    frames = frames_of(checker_of(of), b"K;Y\na;2019\na;2020\na;2019\n")
    assert accepted(frames) == [2, 3]


def test_the_null_text_is_absence_in_every_kind_of_column() -> None:
    of = table(text("K"), NUMBER, DAY, key=("K",))
    frames = frames_of(checker_of(of), b"K;N;D\na;NA;NA\nNA;1;\nb;;01/02/2019\n", Dialect(null="NA"))
    assert refused(frames) == [(3, "K", "null-key")]
    assert values(frames, "N") == [None, None]
    assert frames[0].columns["D"].nulls().tolist() == [True, False]


def test_row_numbers_travel_plain_until_one_of_them_needs_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 6)
    frames = frames_of(checker_of(table(NUMBER, text("T"))), b"N;T\n1;\n;x\n-2;\n007;\n")
    assert {type(f.columns["N"]) for f in frames} == {Plain, Coded}
    assert values(frames, "N") == [1, None, -2, 7]


def test_row_numbers_all_absent() -> None:
    assert values(frames_of(checker_of(table(NUMBER, text("T"))), b"N;T\n;\n;\n"), "N") == [None, None]


@pytest.mark.parametrize(
    ("number", "expected"),
    [("9" * 18, 10**18 - 1), ("-" + "9" * 18, 1 - 10**18), ("0" * 25, 0)],
)
def test_row_numbers_of_eighteen_digits(number: str, expected: int) -> None:
    frames = frames_of(checker_of(table(NUMBER, text("T"))), f"N;T\n{number};\n".encode())
    assert values(frames, "N") == [expected]


def test_row_numbers_of_nineteen_digits_are_too_wide() -> None:
    assert refused(frames_of(checker_of(table(NUMBER, text("T"))), b"N;T\n1000000000000000000;\n")) == [
        (2, "N", "width")
    ]


def test_unknown_codes_are_flagged_and_kept() -> None:
    of = table(text("K"), integer("S", codes="SEX"), key=("K",))
    [frame] = frames_of(checker_of(of, {"SEX": frozenset({"1", "2"})}), b"K;S\na;1\nb;7\n;9\nc;\n")
    assert {why: rows.tolist() for why, rows in frame.flags.items()} == {
        ("unknown-code", "S"): [False, True, False]
    }
    assert accepted([frame]) == [2, 3, 5]


def test_two_dialects_in_one_table_keep_their_own_words_and_share_its_keys() -> None:
    of = table(text("K"), DAY, key=("K",))
    checker = checker_of(of)
    first = frames_of(checker, b"K;D\na;02/01/2019\n")
    second = frames_of(
        checker, b"K,D\na,2019-01-02\nb,2019-01-02\n", Dialect(delimiter=",", dates="yyyy-MM-dd")
    )
    assert refused(second) == [(2, "K", "duplicate-key")]
    numbers = [f.columns["D"].numbers().tolist() for f in (*first, *second)]
    assert numbers == [[17898], [17898]]
    assert first[0].columns["D"].vocabulary is not second[0].columns["D"].vocabulary  # type: ignore[union-attr]


def test_lines_whose_cells_make_up_for_one_another_are_still_told_apart() -> None:
    frames = frames_of(checker_of(PEOPLE), b"K;V\na;1;\nb\nc;2\n")
    assert accepted(frames) == [4]
    assert refused(frames) == [(2, "", "columns"), (3, "", "columns")]


def test_a_file_of_nothing_but_refusals_and_one_of_no_rows() -> None:
    frames = frames_of(checker_of(PEOPLE), b"K;V\n\n\na\n")
    assert accepted(frames) == [] and [line for line, _, _ in refused(frames)] == [2, 3, 4]
    assert all(f.years().tolist() == [] for f in frames)
    assert frames_of(checker_of(PEOPLE), b"K;V\n") == []


def test_the_bytes_of_a_refused_row_are_those_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch, 8)
    data = "K;V\né;1\né;2\nà;trop\n;;\n".encode("latin-1")
    frames = frames_of(checker_of(PEOPLE), data, Dialect(encoding="latin-1"))
    lines = data.split(b"\n")
    found = {r.line: r.raw for f in frames for r in f.refusals}
    assert found == {n: lines[n - 1] for n in (3, 4, 5)}


def test_more_than_65536_distinct_values_in_one_column() -> None:
    rows = "".join(f"{n};x\n" for n in range(70_000))
    frames = frames_of(checker_of(PEOPLE), b"K;V\n" + rows.encode())
    assert sum(map(len, frames)) == 70_000
    assert values(frames, "K") == [str(n) for n in range(70_000)]


def test_keys_that_the_hub_holds_are_asked_for_once_a_year() -> None:
    of = table(text("K"), text("Y", 4), key=("K",), period="Y")
    checker, asked = checker_of(of), []

    def known(_: object, year: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append(year)
        column = [["a"]]
        held = checker.hasher.values(column, np.array([year])) if year == 2019 else np.empty(0, np.uint64)  # type: ignore[arg-type]
        return held, np.full(len(held), 5, np.int32)

    checker.known = known
    frames = frames_of(checker, b"K;Y\na;2019\na;2020\nb;2019\n") + frames_of(checker, b"K;Y\nc;2019\n")
    assert asked == [2019, 2020]
    assert refused(frames) == [(2, "K", "duplicate-key")]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"K;W\n", "delivery.column-unknown"),
        (b"K;V;K\n", "delivery.column-twice"),
        (b"V;X\n", "delivery.column-unknown"),
        (b"K,V\n", "delivery.delimiter"),
        (b"K\n", "delivery.delimiter"),
    ],
)
def test_a_header_that_is_not_the_table_s(data: bytes, key: str) -> None:
    assert refusal_of(data) == key


def test_a_column_that_rows_cannot_do_without() -> None:
    of = table(
        text("K"),
        text("V"),
        text("P"),
        text("Y", 4),
        key=("K",),
        period="Y",
        person=PersonRule("psa", ("P",)),
    )
    assert refusal_of(b"K;V;P\n", of) == refusal_of(b"K;V;Y\n", of) == "delivery.column-missing"
    assert refusal_of(b"V;P;Y\n", of) == "delivery.column-missing"
    assert frames_of(checker_of(of), b"K;P;Y\n") == []


def test_an_unknown_name_is_shown_only_where_it_surely_is_a_name() -> None:
    for header, shown in ((b"K;V;BIRTH\n", "BIRTH"), (b"K;V;DUPONT Jean\n", "#3"), (b"DUPONT;JEAN\n", "#1")):
        with pytest.raises(BadInput) as problem:
            frames_of(checker_of(PEOPLE), header)
        assert problem.value.facts["column"] == shown


def test_a_table_of_one_column() -> None:
    frames = frames_of(checker_of(table(text("K"), key=("K",))), b"K\na\n\nb")
    assert accepted(frames) == [2, 4] and refused(frames) == [(3, "", "blank-line")]


def test_lines_taken_apart_keep_their_bytes_too() -> None:
    data = "K;V\né;1;\nà\n".encode("latin-1")
    frames = frames_of(checker_of(PEOPLE), data, Dialect(encoding="latin-1"))
    assert [r.raw for f in frames for r in f.refusals] == data.split(b"\n")[1:-1]


LINES = st.lists(st.text(st.sampled_from("ab;é\x00\t \r"), max_size=4), max_size=8)


@settings(max_examples=100, deadline=None)
@given(LINES, st.integers(1, 12), st.booleans(), st.booleans())
def test_borders_of_blocks_change_nothing(lines: list[str], size: int, crlf: bool, ended: bool) -> None:
    end = "\r\n" if crlf else "\n"
    data = (end.join(["K;V", *lines]) + (end if ended else "")).encode()
    whole = frames_of(checker_of(PEOPLE), data)
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch, size)
        cut = frames_of(checker_of(PEOPLE), data)
    assert accepted(whole) == accepted(cut) and sorted(refused(whole)) == sorted(refused(cut))
    assert values(whole, "K") == values(cut, "K")
    numbers = sorted(accepted(cut) + [line for line, _, _ in refused(cut)])
    assert numbers == list(range(2, data.count(b"\n") + 1 + (not data.endswith(b"\n"))))
