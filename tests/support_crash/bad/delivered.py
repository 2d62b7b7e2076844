"""The files of a delivery are not what files should be."""

import gzip
import hashlib
import io
import os
import zipfile

from support_crash.bad.case import Run, case, deliver
from support_crash.bad.place import CANARY, CARE, DEATHS, PERSONS, Place

GROUP = "Files"
FILE = f"{DEATHS}.csv"


def binary(p: Place, data: bytes) -> None:
    """Bytes that are no lines, announced as what counting their line ends gives."""
    p.set(DEATHS, data, rows=max(0, data.count(b"\n") - 1 + (data[-1:] != b"\n")))


@case(GROUP, "an empty file", 3, FILE, "is empty")
def empty(p: Place) -> Run:
    p.set(DEATHS, b"", rows=0)
    return deliver(p)


@case(GROUP, "a header and no row", 0, "0 quarantined")
def header_only(p: Place) -> Run:
    p.text(DEATHS, p.lines(DEATHS)[:1])
    return deliver(p)


@case(GROUP, "a file with commas, declared with semicolons", 3, FILE, "line 1", "delimiter")
def wrong_delimiter(p: Place) -> Run:
    p.text(DEATHS, [line.replace(";", ",") for line in p.lines(DEATHS)])
    return deliver(p)


@case(GROUP, "a file with semicolons, declared with bars", 3, FILE, "delimiter")
def wrong_declared_delimiter(p: Place) -> Run:
    p.entry(DEATHS)["dialect"] = {"delimiter": "|"}
    return deliver(p)


@case(GROUP, "a byte-order mark that is not declared", 3, FILE, "byte-order mark", "utf-8-sig")
def bom(p: Place) -> Run:
    p.set(DEATHS, b"\xef\xbb\xbf" + p.path(DEATHS).read_bytes())
    return deliver(p)


@case(GROUP, "a byte-order mark, declared (utf-8-sig)", 0, "0 quarantined")
def bom_declared(p: Place) -> Run:
    p.set(DEATHS, b"\xef\xbb\xbf" + p.path(DEATHS).read_bytes())
    p.entry(DEATHS)["dialect"] = {"encoding": "utf-8-sig"}
    return deliver(p)


@case(GROUP, "a cell in Latin-1 where UTF-8 is declared", 0, "encoding", "1 quarantined")
def latin1(p: Place) -> Run:
    p.cell(PERSONS, "BEN_RES_COM", "né")
    p.set(PERSONS, p.path(PERSONS).read_text("utf-8").encode("latin-1"))
    return deliver(p)


@case(GROUP, "the same cell, Latin-1 declared", 0, "0 quarantined")
def latin1_declared(p: Place) -> Run:
    p.cell(PERSONS, "BEN_RES_COM", "né")
    p.set(PERSONS, p.path(PERSONS).read_text("utf-8").encode("latin-1"))
    p.entry(PERSONS)["dialect"] = {"encoding": "latin-1"}
    return deliver(p)


@case(GROUP, "UTF-16", 3, FILE, "not text")
def utf16(p: Place) -> Run:
    binary(p, p.path(DEATHS).read_text("utf-8").encode("utf-16"))
    return deliver(p)


@case(GROUP, "a NUL byte inside a cell", 0, "encoding", "1 quarantined")
def nul(p: Place) -> Run:
    p.cell(PERSONS, "BEN_RES_COM", "0\0")
    return deliver(p)


@case(GROUP, "lines that end in CR alone", 3, FILE)
def cr_only(p: Place) -> Run:
    p.text(DEATHS, p.lines(DEATHS), end="\r")
    return deliver(p)


@case(GROUP, "lines that end in CR LF", 0, "0 quarantined")
def crlf(p: Place) -> Run:
    p.text(DEATHS, p.lines(DEATHS), end="\r\n")
    return deliver(p)


@case(GROUP, "LF everywhere but for one line in CR LF", 0, "encoding", "1 quarantined")
def mixed_ends(p: Place) -> Run:
    lines = p.lines(PERSONS)
    lines[3] += "\r"
    p.text(PERSONS, lines)
    return deliver(p)


@case(GROUP, "no end of line after the last row", 0, "0 quarantined")
def no_last_end(p: Place) -> Run:
    p.set(DEATHS, p.path(DEATHS).read_bytes().rstrip(b"\n"), rows=len(p.lines(DEATHS)) - 1)
    return deliver(p)


@case(GROUP, "two blank lines among the rows", 0, "blank-line", "2 quarantined")
def blank_lines(p: Place) -> Run:
    lines = p.lines(PERSONS)
    p.text(PERSONS, [*lines[:5], "", *lines[5:9], "", *lines[9:]])
    return deliver(p)


@case(GROUP, "300 columns", 3, FILE, "line 1", "column")
def three_hundred_columns(p: Place) -> Run:
    extra = ";".join(f"X{n:03d}" for n in range(277))
    p.text(DEATHS, [f"{line};{extra}" for line in p.lines(DEATHS)])
    return deliver(p)


@case(GROUP, "a header of 1,000,000 columns", 3, FILE, "line 1")
def million_columns(p: Place) -> Run:
    p.text(DEATHS, [";".join(["A"] * 1_000_000)])
    return deliver(p)


@case(GROUP, "a column twice", 3, FILE, "BEN_NAI_ANN", "twice")
def column_twice(p: Place) -> Run:
    p.text(DEATHS, [p.lines(DEATHS)[0] + ";BEN_NAI_ANN", *(f"{x};1950" for x in p.lines(DEATHS)[1:])])
    return deliver(p)


@case(GROUP, "a column that the table does not have", 3, FILE, "NOT_A_COLUMN", "KI_CCI_R")
def column_unknown(p: Place) -> Run:
    p.text(DEATHS, [p.lines(DEATHS)[0] + ";NOT_A_COLUMN", *(f"{x};1" for x in p.lines(DEATHS)[1:])])
    return deliver(p)


@case(GROUP, "a column name with a Cyrillic letter in it", 3, FILE, "column")
def column_look_alike(p: Place) -> Run:
    p.text(DEATHS, [p.lines(DEATHS)[0].replace("BEN_SEX_COD", "ВEN_SEX_COD"), *p.lines(DEATHS)[1:]])
    return deliver(p)


@case(GROUP, "the key's column is missing", 3, FILE, "DCD_IDT_ENC", "missing")
def column_missing(p: Place) -> Run:
    p.text(DEATHS, [line.partition(";")[2] for line in p.lines(DEATHS)])
    return deliver(p)


@case(GROUP, "no header: the first line is a person's", 3, f"{PERSONS}.csv", "line 1", "column #1")
def no_header(p: Place) -> Run:
    p.text(PERSONS, [f"{CANARY};{line.partition(';')[2]}" for line in p.lines(PERSONS)[1:]])
    return deliver(p)


@case(GROUP, "another table's header", 3, FILE, "line 1", "column")
def header_of_another(p: Place) -> Run:
    p.text(DEATHS, [p.lines(PERSONS)[0], *p.lines(DEATHS)[1:]])
    return deliver(p)


@case(GROUP, "two files exchanged", 3, "line 1", "column")
def files_exchanged(p: Place) -> Run:
    one, other = p.path(DEATHS).read_bytes(), p.path(PERSONS).read_bytes()
    p.set(DEATHS, other)
    p.set(PERSONS, one)
    return deliver(p)


@case(GROUP, "columns in another order, header and all", 0, "0 quarantined")
def columns_in_another_order(p: Place) -> Run:
    p.text(DEATHS, [";".join(reversed(line.split(";"))) for line in p.lines(DEATHS)])
    return deliver(p)


@case(GROUP, "one line with a cell too many, one with a cell too few", 0, "columns", "2 quarantined")
def cells_uneven(p: Place) -> Run:
    lines = p.lines(PERSONS)
    lines[3] += f";{CANARY}"
    lines[5] = lines[5].rpartition(";")[0]
    p.text(PERSONS, lines)
    return deliver(p)


@case(GROUP, "a line of 3 MB", 3, f"{PERSONS}.csv", "line 3", "1048576")
def long_line(p: Place) -> Run:
    p.cell(PERSONS, "BEN_RES_COM", CANARY * 250_000, line=3)
    return deliver(p)


@case(GROUP, "a line of 2 GB (a sparse file)", 3, FILE, "line", long=True)
def endless_line(p: Place) -> Run:
    head, size = p.path(DEATHS).read_bytes(), 2 << 30
    with p.path(DEATHS).open("r+b") as file:
        file.truncate(size)
    digest = hashlib.sha256(head)
    for start in range(len(head), size, 64 << 20):
        digest.update(bytes(min(64 << 20, size - start)))
    p.entry(DEATHS)["sha256"] = digest.hexdigest()
    p.entry(DEATHS)["rows"] = head.count(b"\n")
    return deliver(p)


@case(GROUP, "a gzip archive named .csv", 3, FILE, "not text")
def gzipped(p: Place) -> Run:
    binary(p, gzip.compress(p.path(DEATHS).read_bytes(), mtime=0))
    return deliver(p)


@case(GROUP, "a zip bomb (100 MB in 100 kB) named .csv", 3, FILE)
def zip_bomb(p: Place) -> Run:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("data.csv"), bytes(100_000_000), zipfile.ZIP_DEFLATED)
    binary(p, packed.getvalue())
    return deliver(p)


@case(GROUP, "a symbolic link in place of a file", 3, FILE, "not an ordinary file")
def symlink(p: Place) -> Run:
    aside = p.root / "aside.csv"
    p.path(DEATHS).rename(aside)
    p.path(DEATHS).symlink_to(aside)
    return deliver(p)


@case(GROUP, "a symbolic link in place of a folder", 3, "deep/", "not an ordinary file")
def symlinked_folder(p: Place) -> Run:
    (p.root / "aside").mkdir()
    p.path(DEATHS).rename(p.root / "aside" / FILE)
    (p.folder / "deep").symlink_to(p.root / "aside")
    p.entry(DEATHS)["path"] = f"deep/{FILE}"
    return deliver(p)


@case(GROUP, "a named pipe in place of a file", 3, FILE, "not an ordinary file")
def fifo(p: Place) -> Run:
    p.path(DEATHS).unlink()
    os.mkfifo(p.path(DEATHS))
    return deliver(p)


@case(GROUP, "a folder in place of a file", 3, FILE, "not an ordinary file")
def folder_as_file(p: Place) -> Run:
    p.path(DEATHS).unlink()
    p.path(DEATHS).mkdir()
    return deliver(p)


@case(GROUP, "a file that is announced and not there", 3, FILE, "absent")
def absent(p: Place) -> Run:
    p.path(DEATHS).unlink()
    return deliver(p)


@case(GROUP, "a file cut short", 3, f"{CARE}.csv", "SHA-256")
def truncated(p: Place) -> Run:
    data = p.path(CARE).read_bytes()
    p.path(CARE).write_bytes(data[: len(data) // 2])
    return deliver(p)
