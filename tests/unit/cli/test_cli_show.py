"""What is printed: JSON that any program reads, tables that no value can steer."""

import io
import json
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from egide.cli.files import absent, lines_of, typed
from egide.cli.show import clean, listed, plain, print_json, row, table_of, word
from egide.model.act import AccountRole
from egide.model.errors import BadInput, BadUsage, Tampered
from egide.model.records import OutputRow

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas()
    | st.uuids()
    | st.binary()
    | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=100)
@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_whatever_a_query_answers_is_json(data: dict[str, object]) -> None:
    json.loads(json.dumps(plain(data), allow_nan=False))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("12.50"), "12.50"),
        (date(2024, 3, 1), "2024-03-01"),
        (datetime(2024, 3, 1, 12, tzinfo=UTC), "2024-03-01T12:00:00+00:00"),
        (time(1, 2), "01:02:00"),
        (timedelta(days=1), "1 day, 0:00:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (bytes(range(20)), "aaaqeayeaudaocajbifqydiob4ibceqt"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (AccountRole.REVIEWER, "reviewer"),
        (Path("a/b"), "a/b"),
        ((1, "x"), [1, "x"]),
        (10**30, 10**30),
        (True, True),
    ],
)
def test_each_kind_has_its_form(value: object, shown: object) -> None:
    assert plain(value) == shown


def test_what_has_no_form_is_a_fault_of_ours() -> None:
    with pytest.raises(TypeError):
        plain(object())


def test_a_row_never_shows_what_is_sealed() -> None:
    output = OutputRow("O", "P", "a", "t", "made", "s", "s", "n", "e", {}, b"sealed-content")
    assert "sealed" not in row(output)
    assert row(output)["id"] == "O"


def test_json_is_one_line_with_its_problem(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": "é", "b": ["\x1b"]}, Tampered("cli.altered", altered=1, missing=0))
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "é" in out and "\x1b" not in out
    assert json.loads(out)["error"]["exit"] == 5


def test_a_file_name_that_is_no_text_is_still_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"file": "a\udcff"})
    assert json.loads(capsys.readouterr().out) == {"file": "a\udcff"}


def drawn(draw: Callable[[Console], None]) -> str:
    out = io.StringIO()
    draw(Console(file=out, width=100, markup=False, emoji=False))
    return out.getvalue()


STEERING = "\x1b]0;title\x07 [red]not red[/red] \u202eleft\r\x9b2J"


def test_no_value_steers_the_terminal() -> None:
    text = drawn(lambda c: c.print(table_of([STEERING], [[STEERING]], STEERING)))
    text += drawn(lambda c: listed(c, {STEERING: STEERING, "list": [{STEERING: STEERING}]}, STEERING))
    assert not set(text) & set("\x1b\x07\x9b\r\u202e")
    assert "[red]not red[/red]" in text


def test_every_field_of_an_answer_is_shown() -> None:
    answer = {
        "one": 1,
        "many": [{"a": 1, "b": "x"}, {"b": "y", "c": 2}],
        "part": {"in": "side"},
        "none": None,
    }
    text = drawn(lambda c: listed(c, answer))
    assert all(
        name in text for name in ("one", "many", "a", "b", "c", "x", "y", "part", "in", "side", "none")
    )


def test_lists_of_sentences_stand_on_lines_of_their_own() -> None:
    assert word(["a b", "c d"]) == "a b\nc d"
    assert word(["a", "b"]) == "a, b"
    assert clean("a\tb\x00") == "a\ufffdb\ufffd"


def stdin_of(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_hyphen_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin_of(monkeypatch, "SELECT 'é'".encode())
    assert typed("-") == "SELECT 'é'"
    assert typed("SELECT 1") == "SELECT 1"


def test_standard_input_that_is_no_text_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin_of(monkeypatch, b"SELECT '\xff'")
    with pytest.raises(BadInput, check=lambda e: e.key == "cli.not-text"):
        typed("-")


def test_lines_come_from_a_file_or_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfone,1\ntwo,2")
    stdin_of(monkeypatch, b"one,1\ntwo,2")
    assert list(lines_of("-")) == list(lines_of(str(tmp_path / "f"))) == ["one,1\n", "two,2"]


@pytest.mark.parametrize(("data", "key"), [(b"x" * 5000, "cli.long-line"), (b"ok\n\xff\n", "cli.not-text")])
def test_a_bad_line_is_refused_unrepeated(data: bytes, key: str, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(BadInput, check=lambda e: e.key == key and "xxx" not in str(e)):
        list(lines_of(str(tmp_path / "f")))


def test_files_that_are_not_there_or_there_already(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, check=lambda e: e.key == "cli.no-file"):
        list(lines_of(str(tmp_path / "absent")))
    (tmp_path / "f").touch()
    with pytest.raises(BadUsage, check=lambda e: e.key == "cli.exists"):
        absent(tmp_path / "f")
    assert absent(tmp_path / "g") == tmp_path / "g"


def test_a_hidden_cell_is_shown_as_hidden() -> None:
    from egide.cli.query import _draw
    from egide.journey.ask import Asked
    from egide.model.query import Answer

    rows = (("01", 25), ("02", None), ("03", None))
    mask = ((False, False), (False, True), (False, False))
    answer = Answer(("dep", "n"), ("VARCHAR", "BIGINT"), rows, mask, hidden=1, persons_checked=True)
    lines = drawn(lambda c: _draw(c, Asked(answer, "snds@1:ab", 3))).splitlines()
    cells = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in lines if line.startswith("│")}
    assert cells == {"01": "25", "02": "·", "03": ""}
    assert "snds@1:ab" in lines[-1] and "3" in lines[-1] and lines[-1].rstrip().endswith("1")
