"""Stage 1 at the holder: NIRs out, pseudonyms in, the rest of the file as it was."""

import io

import pytest

from egide.crypto.key import Key
from egide.model.delivery import DeliveredFile, Dialect
from egide.model.errors import BadInput
from egide.model.table import Column, Domain, Kind, PersonRule, Table
from egide.stages.arrive.nir import is_nir
from egide.stages.pseudonymise import renamed, replace_nirs

NIR, OTHER, CORSICAN = "185057800608491", "255081416802538", "1 84 02 2A 004 087 93"
TABLE = Table(
    "STAYS",
    "test",
    (
        Column("STAY", Kind.TEXT, length=9),
        Column("PERSON", Kind.TEXT, length=32, domain=Domain.STAGE1, holder_name="NIR"),
        Column("WARD", Kind.TEXT, length=9),
    ),
    ("STAY",),
    PersonRule("stage1", ("PERSON",)),
)
KEY = Key("linkage", bytes(range(32)))


def replaced(
    data: bytes, dialect: Dialect | None = None, key: Key = KEY, domain: str = "snds"
) -> tuple[int, bytes]:
    out = io.BytesIO()
    file = DeliveredFile("f.csv", "STAYS", "0" * 64, 0, dialect or Dialect())
    rows = replace_nirs(io.BytesIO(data), out, file, TABLE, key, domain, is_nir)
    return rows, out.getvalue()


def cells(data: bytes, dialect: Dialect | None = None, **more: object) -> list[list[str]]:
    dialect = dialect or Dialect()
    _, out = replaced(data, dialect, **more)  # type: ignore[arg-type]
    return [line.split(dialect.delimiter) for line in out.decode(dialect.codec).splitlines()]


def line(*values: str) -> bytes:
    return (";".join(values) + "\n").encode()


def test_the_column_is_renamed_and_every_other_cell_stays() -> None:
    assert renamed(TABLE) == {"NIR": "PERSON"}
    rows, _ = replaced(line("STAY", "NIR", "WARD") + line("1", NIR, "é") + line("2", NIR, ""))
    header, one, two = cells(line("STAY", "NIR", "WARD") + line("1", NIR, "é") + line("2", NIR, ""))
    assert rows == 2
    assert header == ["STAY", "PERSON", "WARD"]
    assert (one[0], one[2], two[0], two[2]) == ("1", "é", "2", "")
    assert one[1] == two[1] and len(one[1]) == 32 and NIR[:13] not in one[1]


@pytest.mark.parametrize("written", [CORSICAN, CORSICAN.replace(" ", ""), CORSICAN.lower()])
def test_one_number_is_one_pseudonym_however_it_is_written(written: str) -> None:
    plain = cells(line("NIR", "STAY") + line("184022A00408793", "1"))[1][0]
    assert cells(line("NIR", "STAY") + line(written, "1"))[1][0] == plain


def test_secrets_and_domains_never_meet() -> None:
    data = line("NIR", "STAY") + line(NIR, "1") + line(OTHER, "2")
    made = [cells(data), cells(data, key=Key("linkage", bytes(32))), cells(data, domain="other")]
    assert len({row[0] for table in made for row in table[1:]}) == 6


def test_delimiters_ends_of_line_and_encodings() -> None:
    latin = Dialect(delimiter="\t", encoding="latin-1")
    found = cells(f"STAY\tNIR\tWARD\r\n1\t{NIR}\té\r\n2\t{OTHER}\tà".encode("latin-1"), latin)
    assert [(r[0], r[2]) for r in found] == [("STAY", "WARD"), ("1", "é"), ("2", "à")]


def test_a_byte_order_mark_does_not_hide_the_first_column() -> None:
    rows, out = replaced(
        b"\xef\xbb\xbf" + line("NIR", "STAY") + line(NIR, "1"), Dialect(encoding="utf-8-sig")
    )
    assert rows == 1 and out.startswith(b"PERSON;STAY\n")


@pytest.mark.parametrize(
    ("data", "key", "at"),
    [
        (line("STAY", "WARD"), "delivery.no-nir-column", None),
        (line("NIR", "STAY") + line(NIR, "1") + line(NIR[:-1] + "0", "2"), "delivery.nir-invalid", 3),
        (line("NIR", "STAY") + line("", "2"), "delivery.nir-invalid", 2),
        (line("STAY", "NIR") + b"\n", "delivery.nir-invalid", 2),
        (line("STAY", "NIR") + line("1"), "delivery.nir-invalid", 2),
        (line("NIR", "STAY") + NIR.encode() + b";\xe9\n", "delivery.nir-encoding", 2),
        (b"NIR;\xe9\n", "delivery.header-encoding", None),
    ],
)
def test_what_cannot_be_replaced_stops_the_whole_file(data: bytes, key: str, at: int | None) -> None:
    with pytest.raises(BadInput) as refused:
        replaced(data)
    assert refused.value.key == key and refused.value.facts.get("line") == at
    assert NIR[:10] not in str(refused.value)


def test_a_header_alone_has_no_row() -> None:
    assert replaced(line("NIR", "STAY")) == (0, b"PERSON;STAY\n")
