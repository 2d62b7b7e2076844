"""Every line of a file is a row of a block or a refusal with its number, wherever the blocks were cut."""

import io
from typing import BinaryIO

import pytest

from egide.model.delivery import Dialect
from egide.model.errors import BadInput
from egide.stages.check import blocks
from egide.stages.check.blocks import Block, read_blocks, read_header

Row = tuple[int, str]


def read(
    data: bytes, columns: int, dialect: Dialect | None = None, size: int = 1 << 20
) -> tuple[list[str], list[Block]]:
    stream: BinaryIO = io.BytesIO(data)
    dialect = dialect or Dialect()
    header, crlf = read_header(stream, "f", dialect)
    return header, list(read_blocks(stream, "f", dialect, columns, crlf, size))


def good(found: list[Block]) -> list[Row]:
    rows = []
    for block in found:
        lines = block.data.decode().split("\n")[:-1]
        rows += list(zip(block.lines.tolist(), lines, strict=True))
    return rows


def bad(found: list[Block]) -> list[tuple[int, str, str, str]]:
    return [(r.line, r.column, r.rule, r.value_class) for b in found for r in b.refusals]


def test_a_clean_file_is_one_block() -> None:
    header, found = read(b"a;b\n1;2\n3;4\n", 2)
    assert header == ["a", "b"]
    assert good(found) == [(2, "1;2"), (3, "3;4")] and bad(found) == []


def test_the_last_line_needs_no_end() -> None:
    assert good(read(b"a;b\n1;2\n3;4", 2)[1]) == [(2, "1;2"), (3, "3;4")]
    assert good(read(b"a;b\r\n1;2\r\n3;4", 2)[1]) == [(2, "1;2"), (3, "3;4")]
    assert good(read(b"a;b\r\n1;2\r\n3;4\r", 2)[1]) == [(2, "1;2"), (3, "3;4")]


def test_a_header_alone_holds_no_row() -> None:
    assert read(b"a;b\n", 2)[1] == read(b"a;b", 2)[1] == []


def test_lines_ended_by_carriage_return_and_line_feed() -> None:
    _, found = read(b"a;b\r\n1;2\r\n\r\n3;4\r\n", 2)
    assert good(found) == [(2, "1;2"), (4, "3;4")]
    assert bad(found) == [(3, "", "blank-line", "empty")]
    _, found = read(b"a\r\n\r\nx\r\n\r\n", 1)
    assert good(found) == [(3, "x")] and [line for line, *_ in bad(found)] == [2, 4]


def test_ends_that_are_mixed_are_read_line_by_line() -> None:
    assert good(read(b"a;b\r\n1;2\n3;4\r\n", 2)[1]) == [(2, "1;2"), (3, "3;4")]
    _, found = read(b"a;b\n1;2\r\n3;4\n", 2)
    assert good(found) == [(3, "3;4")] and bad(found) == [(2, "#1", "encoding", "control")]


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        (b"", ("", "blank-line", "empty")),
        (b"1", ("", "columns", "cells(1)")),
        (b"1;2;", ("", "columns", "cells(3)")),
        (b"1;\x002", ("#1", "encoding", "control")),
        (b"\x7f;2", ("#0", "encoding", "control")),
        (b"1\t;2", ("#0", "encoding", "control")),
        (b"1;\x1b2", ("#1", "encoding", "control")),
        (b"1;\xe9", ("#1", "encoding", "bytes")),
        (b"\xff;\xe9", ("#0", "encoding", "bytes")),
    ],
)
def test_a_line_that_is_no_row(line: bytes, refusal: tuple[str, str, str]) -> None:
    _, found = read(b"a;b\n1;2\n" + line + b"\n3;4\n", 2)
    assert good(found) == [(2, "1;2"), (4, "3;4")]
    assert bad(found) == [(3, *refusal)]
    [kept] = [r for b in found for r in b.refusals]
    assert kept.raw == line


def test_tabs_cut_where_the_dialect_says_so() -> None:
    _, found = read(b"a\tb\n1\t2\n1;2\t\n1\t2\t3\n", 2, Dialect(delimiter="\t"))
    assert good(found) == [(2, "1\t2"), (3, "1;2\t")]
    assert bad(found) == [(4, "", "columns", "cells(3)")]


def test_one_column_alone() -> None:
    _, found = read(b"a\nx\n\ny;z\n \nw", 1)
    assert good(found) == [(2, "x"), (5, " "), (6, "w")]
    assert bad(found) == [(3, "", "blank-line", "empty"), (4, "", "columns", "cells(2)")]
    _, found = read(b"a\nx\n \n", 1, Dialect(delimiter=" "))
    assert good(found) == [(2, "x")] and bad(found) == [(3, "", "columns", "cells(2)")]


@pytest.mark.parametrize("encoding", ["latin-1", "windows-1252", "iso-8859-15"])
def test_other_encodings_become_utf_8_and_refusals_keep_their_bytes(encoding: str) -> None:
    raw = "é;à\n".encode(encoding)
    assert good(read(b"a;b\n" + raw, 2, Dialect(encoding=encoding))[1]) == [(2, "é;à")]
    _, found = read(b"a;b\n" + raw + b"\xe9\n", 2, Dialect(encoding=encoding))
    assert good(found) == [(2, "é;à")]
    assert [r.raw for b in found for r in b.refusals] == [b"\xe9"]


def test_bytes_that_an_encoding_does_not_have() -> None:
    assert bad(read(b"a;b\n1;\x81\n", 2, Dialect(encoding="windows-1252"))[1]) == [
        (2, "#1", "encoding", "bytes")
    ]


def test_a_byte_order_mark_is_declared_or_refused() -> None:
    data = b"\xef\xbb\xbfa;b\n1;2\n"
    header, found = read(data, 2, Dialect(encoding="utf-8-sig"))
    assert header == ["a", "b"] and good(found) == [(2, "1;2")]
    assert read(b"a;b\n", 2, Dialect(encoding="utf-8-sig"))[0] == ["a", "b"]
    with pytest.raises(BadInput) as refused:
        read(data, 2)
    assert refused.value.key == "delivery.bom"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "delivery.file-empty"),
        (b"\x1f\x8b\x08", "delivery.not-text"),
        (b"PK\x03\x04", "delivery.not-text"),
        (b"a\x00;b\n", "delivery.not-text"),
        (b"\xe9;b\n", "delivery.header-encoding"),
    ],
)
def test_what_is_no_table_of_text(data: bytes, key: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(data, 2)
    assert refused.value.key == key


@pytest.mark.parametrize("size", [3, 7, 64, 1 << 20])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_too_long_is_refused_wherever_blocks_are_cut(
    monkeypatch: pytest.MonkeyPatch, size: int, end: bytes
) -> None:
    monkeypatch.setattr(blocks, "LINE_BYTES", 20)
    longest = b"1;" + b"x" * 18
    assert len(good(read(b"a;b\n1;2\n" + longest + end, 2, size=size)[1])) == 2
    with pytest.raises(BadInput) as refused:
        read(b"a;b\n1;2\n" + longest + b"x" + end, 2, size=size)
    assert (refused.value.key, refused.value.facts["line"]) == ("delivery.line-length", 3)
