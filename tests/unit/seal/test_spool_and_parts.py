"""Rows wait for their group, in memory or sealed on disk, and become the same parts either way."""

import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.tiny import integer, table, text

from egide.crypto.seal import Unsealed
from egide.frame.frame import Coded, Frame, Plain, Refusal
from egide.frame.judge import judge_of
from egide.frame.persons import Persons
from egide.frame.vocabulary import Vocabulary
from egide.model.errors import Tampered
from egide.model.sealed import Context, Role
from egide.model.table import Column, Domain, Kind, Table
from egide.stages.seal import parts as parts_module
from egide.stages.seal.parts import Part, buckets_of, parts_of, quarantine_part
from egide.stages.seal.spool import Putaway, Spool

NUMBER, DAY, AT = integer("N", domain=Domain.ROW), Column("D", Kind.DATE), Column("A", Kind.DATETIME)
AMOUNT, WORD, YEAR = Column("M", Kind.DECIMAL, precision=18, scale=2), text("T"), text("Y", 4)
ALL = table(YEAR, WORD, NUMBER, AMOUNT, DAY, AT, text("LATE"), period="Y", date="D")
PLACE = {"hub": "h", "dataset": "d", "delivery": "x"}


class Rows:
    """Frames of a table, with one vocabulary for each column as a checker keeps them."""

    def __init__(self, of: Table) -> None:
        self.of = of
        self.words: dict[str, Vocabulary] = {}

    def frame(self, persons: list[int], *, first: int = 2, plain: bool = True, **values: list[str]) -> Frame:
        columns: dict[str, Coded | Plain] = {}
        for name, texts in values.items():
            column = self.of.column(name)
            if column is NUMBER and plain:
                numbers = np.array([int(t or 0) for t in texts], np.int64)
                columns[name] = Plain(column, numbers, np.array([not t for t in texts]))
            else:
                words = self.words.setdefault(name, Vocabulary(column, judge_of(column, "%d/%m/%Y", None)))
                columns[name] = Coded(words, words.encode(list(texts)))
        lines = np.arange(first, first + len(persons), dtype=np.int64)
        return Frame(self.of, "f", lines, columns, persons=np.array(persons, np.int32))


def people(count: int) -> Persons:
    persons = Persons()
    persons.numbers([bytes([(n * 97) % 256]) * 20 for n in range(count)])
    return persons


def days(frame: Frame) -> np.ndarray:
    return frame.columns["D"].numbers() if "D" in frame.columns else np.zeros(len(frame), np.int64)


def written(
    of: Table, frames: list[Frame], persons: Persons, folder: Path, *, buckets: int = 2, budget: int = 1 << 30
) -> list[tuple[Part, pa.Table]]:
    spool = Spool(buckets, folder, budget)
    for frame in frames:
        spool.add(frame, buckets_of(persons.ids, buckets), days(frame))
    found = parts_of(of, spool, persons, folder=folder, observe=lambda _: None, **PLACE)
    return [(part, read(part)) for part in found]


def read(part: Part) -> pa.Table:
    return pq.read_table(io.BytesIO(opened(part, Context("h", "d", part.entry.role, part.key.id))))


def opened(part: Part, context: Context) -> bytes:
    class Bytes:
        data = part.path.read_bytes()
        size = len(data)

        def read_at(self, offset: int, length: int) -> bytes:
            return self.data[offset : offset + length]

    return Unsealed(Bytes(), part.key, context, part.entry.plain_size, name="x").read_all()


def rows(tables: list[tuple[Part, pa.Table]]) -> list[dict[str, object]]:
    return [row for _, t in tables for row in t.to_pylist()]


def test_every_kind_of_value_reads_back_equal(tmp_path: Path) -> None:
    frame = Rows(ALL).frame(
        [0, 0, 0],
        Y=["2019"] * 3,
        T=["é", "", "b"],
        N=["999999999999999999", "", "-5"],
        M=["-0.5", "", "9999999999999999.99"],
        D=["31/12/1599", "", "29/02/2020"],
        A=["01/01/1600", "", "31/12/9999"],
    )
    found = sorted(rows(written(ALL, [frame], people(1), tmp_path)), key=lambda r: str(r["T"]))
    kept = [{n: r[n] for n in "TNMDA"} for r in found]
    assert kept == [
        {"T": None, "N": None, "M": None, "D": None, "A": None},
        {"T": "b", "N": -5, "M": Decimal("9999999999999999.99"), "D": date(2020, 2, 29), "A": datetime(9999, 12, 31)},
        {"T": "é", "N": 10**18 - 1, "M": Decimal("-0.50"), "D": date(1599, 12, 31), "A": datetime(1600, 1, 1)},
    ]  # fmt: skip
    assert all("LATE" not in r for r in found)


def test_rows_stand_by_period_bucket_person_and_date(tmp_path: Path) -> None:
    persons = people(4)
    frame = Rows(ALL).frame(
        [3, 1, 3, 0, 2, 1],
        Y=["2020", "2019", "2019", "2019", "2019", "2019"],
        D=["01/01/2020", "05/01/2019", "02/01/2019", "03/01/2019", "04/01/2019", "01/01/2019"],
    )
    found = written(ALL, [frame], persons, tmp_path, buckets=2)
    places = [(p.entry.period, p.entry.bucket) for p, _ in found]
    assert places == sorted(places) == [("2019", 0), ("2019", 1), ("2020", 0)]
    for part, t in found:
        ids = t.column("PERSON_ID").to_pylist()
        assert {buckets_of(np.frombuffer(i, np.uint8).reshape(1, 20), 2)[0] for i in ids} == {
            part.entry.bucket
        }
        keys = list(zip(ids, t.column("D").to_pylist(), strict=True))
        assert keys == sorted(keys)
        assert part.entry.rows == len(ids)


def test_rows_of_nobody_known_are_kept_and_stand_last(tmp_path: Path) -> None:
    frame = Rows(ALL).frame([-1, 0, -1], Y=["2019"] * 3, T=["x", "y", "z"])
    found = rows(written(ALL, [frame], people(1), tmp_path, buckets=1))
    assert [r["T"] for r in found] == ["y", "x", "z"]
    assert [r["PERSON_ID"] is None for r in found] == [False, True, True]


@pytest.mark.parametrize("buckets", [1, 4])
def test_a_table_whose_rows_are_all_of_nobody_known(tmp_path: Path, buckets: int) -> None:
    """Drugs delivered before the services that say whose they are."""
    frame = Rows(ALL).frame([-1, -1, -1], Y=["2019"] * 3, T=["x", "y", "z"])
    found = rows(written(ALL, [frame], Persons(), tmp_path, buckets=buckets))
    assert sorted(str(r["T"]) for r in found) == ["x", "y", "z"]


def test_rows_without_a_period_have_one_of_their_own(tmp_path: Path) -> None:
    frame = Rows(ALL).frame([0, 0], Y=["", "2019"], T=["x", "y"])
    assert [p.entry.period for p, _ in written(ALL, [frame], people(1), tmp_path)] == ["0", "2019"]
    register = table(WORD)
    frame = Rows(register).frame([0], T=["x"])
    [(part, _)] = written(register, [frame], people(1), tmp_path)
    assert (part.entry.period, part.entry.ranges) == ("all", {})


def test_a_column_in_one_file_and_not_in_the_other(tmp_path: Path) -> None:
    made = Rows(ALL)
    one = made.frame([0], Y=["2019"], T=["x"], M=["1"], N=["5"], LATE=["l"])
    other = made.frame([1], Y=["2019"])
    found = {r["PERSON_ID"]: r for r in rows(written(ALL, [one, other], people(2), tmp_path, buckets=1))}
    ids = [people(2).id_of(n) for n in (0, 1)]
    assert [found[i]["LATE"] for i in ids] == ["l", None]
    assert [found[i]["M"] for i in ids] == [Decimal(1), None]
    assert [found[i]["N"] for i in ids] == [5, None]


def test_plain_and_coded_forms_of_one_column_meet(tmp_path: Path) -> None:
    made = Rows(ALL)
    frames = [
        made.frame([0, 0], Y=["2019"] * 2, N=["7", ""]),
        made.frame([0, 0], plain=False, Y=["2019"] * 2, N=["-8", ""]),
    ]
    [(_, found)] = written(ALL, frames, people(1), tmp_path, buckets=1)
    assert found.schema.field("N").type == pa.int64()
    assert sorted(found.column("N").to_pylist(), key=str) == [-8, 7, None, None]


def test_two_vocabularies_of_one_column_meet(tmp_path: Path) -> None:
    frames = [Rows(ALL).frame([0, 0], Y=["2019"] * 2, T=[v, ""], D=["01/02/2019", ""]) for v in ("x", "y")]
    [(part, found)] = written(ALL, frames, people(1), tmp_path, buckets=1)
    assert sorted(found.column("T").to_pylist(), key=str) == [None, None, "x", "y"]
    assert part.entry.ranges == {"Y": ("2019", "2019"), "D": ("2019-02-01", "2019-02-01")}


def test_ranges_are_the_first_and_last_value_as_iso_text(tmp_path: Path) -> None:
    of = table(YEAR, AT, period="Y", date="A")
    frame = Rows(of).frame([0, 0, 0], Y=["2019"] * 3, A=["05/01/2019", "", "02/01/2019"])
    [(part, _)] = written(of, [frame], people(1), tmp_path)
    assert part.entry.ranges == {"Y": ("2019", "2019"), "A": ("2019-01-02T00:00:00", "2019-01-05T00:00:00")}
    frame = Rows(of).frame([0], Y=["2019"], A=[""])
    [(part, _)] = written(of, [frame], people(1), tmp_path)
    assert part.entry.ranges == {"Y": ("2019", "2019")}


def test_flags_name_column_and_rule(tmp_path: Path) -> None:
    frame = Rows(ALL).frame([0, 0, 0], Y=["2019"] * 3, T=["x", "y", "z"])
    frame.flag("reference", "T", np.array([True, False, True]))
    frame.flag("unknown-code", "Y", np.array([False, False, True]))
    found = rows(written(ALL, [frame], people(1), tmp_path))
    assert {r["T"]: r["EGIDE_FLAGS"] for r in found} == {
        "x": "T:reference",
        "y": None,
        "z": "T:reference Y:unknown-code",
    }


def test_a_group_too_large_for_one_part_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "PART_ROWS", 2)
    frame = Rows(ALL).frame([0] * 5, Y=["2019"] * 5, T=list("abcde"), D=["01/01/2019"] * 5)
    found = written(ALL, [frame], people(1), tmp_path)
    assert [p.entry.rows for p, _ in found] == [2, 2, 1]
    assert [r["T"] for r in rows(found)] == list("abcde")


def test_more_than_65536_distinct_values_in_narrow_and_wide_codes(tmp_path: Path) -> None:
    made = Rows(ALL)
    values = [[f"{n}" for n in range(start, end)] for start, end in ((0, 200), (0, 65_600), (65_400, 66_000))]
    frames = [made.frame([0] * len(v), Y=["2019"] * len(v), T=v) for v in values]
    for budget in (1, 1 << 30):
        found = rows(written(ALL, frames, people(1), tmp_path, buckets=1, budget=budget))
        assert [r["T"] for r in found] == [v for piece in values for v in piece]


FRAMES = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(-1, 5), st.integers(2019, 2020), st.integers(1, 3), st.sampled_from(["a", "b", ""])), min_size=1, max_size=6),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FRAMES, st.integers(1, 600))
def test_what_is_spilled_makes_the_same_parts(
    tmp_path: Path, drawn: list[tuple[list[tuple[int, int, int, str]], bool, bool]], budget: int
) -> None:
    made = Rows(ALL)
    frames = []
    for given_, plain, late in drawn:
        values = {
            "Y": [str(y) for _, y, _, _ in given_],
            "T": [t for *_, t in given_],
            "N": [str(n) for n in range(len(given_))],
            "D": [f"{d:02d}/01/{y}" for _, y, d, _ in given_],
        } | ({"LATE": ["l"] * len(given_)} if late else {})
        frames.append(made.frame([p for p, *_ in given_], plain=plain, **values))
    persons = people(6)
    whole = written(ALL, frames, persons, tmp_path)
    spilt = written(ALL, frames, persons, tmp_path, budget=budget)
    assert [(p.entry.period, p.entry.bucket, p.entry.rows, p.entry.ranges) for p, _ in whole] == [
        (p.entry.period, p.entry.bucket, p.entry.rows, p.entry.ranges) for p, _ in spilt
    ]
    assert [t.to_pylist() for _, t in whole] == [t.to_pylist() for _, t in spilt]
    assert [p.entry.plain_size for p, _ in whole] == [p.entry.plain_size for p, _ in spilt]


def test_what_is_spilled_is_sealed_and_gone_once_read(tmp_path: Path) -> None:
    spool = Spool(1, tmp_path, 1)
    frame = Rows(ALL).frame([0] * 50, Y=["2019"] * 50, T=["CANARY-01"] * 50, N=[str(5 << 40)] * 50)
    spool.add(frame, np.zeros(1, np.int64), np.zeros(50, np.int64))
    [file] = tmp_path.iterdir()
    assert b"CANARY" not in file.read_bytes() and (5 << 40).to_bytes(8, "little") not in file.read_bytes()
    assert len(spool.take((2019, 0))) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_spilled_and_never_read_can_be_discarded(tmp_path: Path) -> None:
    spool = Spool(1, tmp_path, 1)
    spool.add(Rows(ALL).frame([0], Y=["2019"], T=["x"]), np.zeros(1, np.int64), np.zeros(1, np.int64))
    spool.discard()
    assert list(tmp_path.iterdir()) == [] and spool.groups() == []


def test_a_spilled_slice_that_was_altered_is_not_read(tmp_path: Path) -> None:
    spool = Spool(1, tmp_path, 1)
    spool.add(Rows(ALL).frame([0], Y=["2019"], T=["x"]), np.zeros(1, np.int64), np.zeros(1, np.int64))
    [file] = tmp_path.iterdir()
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(Tampered):
        spool.take((2019, 0))


def test_keys_put_away_come_back_as_they_were(tmp_path: Path) -> None:
    keys, whose = np.array([1, 2**64 - 1], np.uint64), np.array([-1, 7], np.int32)
    back = Putaway(tmp_path)([keys, whose])
    [file] = tmp_path.iterdir()
    assert keys.tobytes() not in file.read_bytes()
    again = back()
    assert [a.tolist() for a in again] == [keys.tolist(), whose.tolist()]
    assert [a.dtype for a in again] == [keys.dtype, whose.dtype]
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=20, max_size=20), min_size=1, max_size=30), st.integers(0, 15))
def test_buckets_merge_by_powers_of_two(ids: list[bytes], power: int) -> None:
    found = np.frombuffer(b"".join(ids), np.uint8).reshape(-1, 20)
    fine, coarse = buckets_of(found, 2 << power), buckets_of(found, 1 << power)
    assert (fine // 2).tolist() == coarse.tolist()
    assert set(fine.tolist()) <= set(range(2 << power))


def test_buckets_of_nobody() -> None:
    assert buckets_of(Persons().ids, 8).tolist() == []


def test_a_quarantine_keeps_where_why_and_the_bytes(tmp_path: Path) -> None:
    refusals = [
        Refusal("f", 2, "C", "type", "letters(1)", b"\xff;x", "D:width"),
        Refusal("f", 3, "", "blank-line", "empty", b""),
    ]
    part = quarantine_part(ALL, refusals, folder=tmp_path, number=3, **PLACE)
    entry = part.entry
    assert (entry.role, entry.rows, entry.period, entry.bucket, entry.buckets) == (
        Role.QUARANTINE,
        2,
        "all",
        3,
        1,
    )
    assert read(part).to_pylist() == [
        {"file": "f", "line": 2, "column": "C", "rule": "type", "value_class": "letters(1)", "also": "D:width", "raw": b"\xff;x"},
        {"file": "f", "line": 3, "column": "", "rule": "blank-line", "value_class": "empty", "also": "", "raw": b""},
    ]  # fmt: skip
    with pytest.raises(Tampered):
        opened(part, Context("h", "d", Role.PART, part.key.id))
