"""The cells of a delivery are not what the registry says."""

import hashlib

from support_crash.bad.case import Run, case, deliver
from support_crash.bad.place import CANARY, CARE, DEATHS, PERSONS, Place

GROUP = "Values"


@case(GROUP, "quotes around a number", 0, "type", "1 quarantined")
def quotes(p: Place) -> Run:
    p.cell(CARE, "PRS_PAI_MNT", '"3.15"')
    return deliver(p)


@case(GROUP, "a delimiter inside quotes", 0, "columns", "1 quarantined")
def quoted_delimiter(p: Place) -> Run:
    p.cell(PERSONS, "BEN_RES_COM", f'"{CANARY};1"')
    return deliver(p)


@case(GROUP, "a decimal comma", 0, "type", "1 quarantined")
def decimal_comma(p: Place) -> Run:
    p.cell(CARE, "PRS_PAI_MNT", "3,15")
    return deliver(p)


@case(GROUP, "a date in another form (2019-01-31)", 0, "type", "1 quarantined")
def other_date(p: Place) -> Run:
    p.cell(CARE, "EXE_SOI_DTD", "2019-01-31")
    return deliver(p)


@case(GROUP, "the 31st of February", 0, "type", "1 quarantined")
def no_such_day(p: Place) -> Run:
    p.cell(CARE, "EXE_SOI_DTD", "31/02/2019")
    return deliver(p)


@case(GROUP, "scientific notation (3.15e0)", 0, "type", "1 quarantined")
def scientific(p: Place) -> Run:
    p.cell(CARE, "PRS_PAI_MNT", "3.15e0")
    return deliver(p)


@case(GROUP, "a leading plus sign", 0, "type", "1 quarantined")
def plus_sign(p: Place) -> Run:
    p.cell(CARE, "PRS_PAI_MNT", "+3.15")
    return deliver(p)


@case(GROUP, "spaces around a number", 0, "type", "1 quarantined")
def spaces(p: Place) -> Run:
    p.cell(CARE, "PRS_PAI_MNT", " 3.15 ")
    return deliver(p)


@case(GROUP, "NaN where an amount stands", 0, "type", "1 quarantined")
def not_a_number(p: Place) -> Run:
    p.cell(CARE, "PRS_PAI_MNT", "NaN")
    return deliver(p)


@case(GROUP, "a number in Arabic-Indic digits", 0, "type", "1 quarantined")
def other_digits(p: Place) -> Run:
    p.cell(CARE, "BEN_AMA_COD", "٨٩")
    return deliver(p)


@case(GROUP, "a whole number of 40 digits", 0, "width", "1 quarantined")
def huge_number(p: Place) -> Run:
    p.cell(CARE, "PRS_ORD_NUM", "9" * 40)
    return deliver(p)


@case(GROUP, "a text longer than its column", 0, "width", "1 quarantined")
def too_wide(p: Place) -> Run:
    p.cell(PERSONS, "BEN_RES_COM", CANARY)
    return deliver(p)


@case(GROUP, "an empty key", 0, "null-key", "quarantined")
def empty_key(p: Place) -> Run:
    p.cell(CARE, "ORG_CLE_NUM", "")
    return deliver(p)


@case(GROUP, "a code that no list has", 0, "unknown-code", "0 quarantined")
def unknown_code(p: Place) -> Run:
    p.cell(PERSONS, "BEN_SEX_COD", "7")
    return deliver(p)


@case(GROUP, "every row of a table twice", 1, "refused", "20%")
def every_row_twice(p: Place) -> Run:
    lines = p.lines(CARE)
    p.text(CARE, [*lines, *lines[1:]])
    return deliver(p)


@case(GROUP, "a table in two files whose keys overlap", 0, "duplicate-key", "3 quarantined")
def overlapping_files(p: Place) -> Run:
    lines = p.lines(PERSONS)
    more = "\n".join(lines[:4]) + "\n"
    (p.folder / "more.csv").write_text(more, "utf-8")
    digest = hashlib.sha256(more.encode()).hexdigest()
    p.manifest["file"].append({"path": "more.csv", "table": PERSONS, "sha256": digest, "rows": 3})
    return deliver(p)


@case(GROUP, "valid social security numbers in a column of pseudonyms", 3, "BEN_NIR_ANO", "social security")
def identities(p: Place) -> Run:
    lines = p.lines(PERSONS)
    at = lines[0].split(";").index("BEN_NIR_ANO")
    for row in range(1, len(lines)):
        cells = lines[row].split(";")
        number = 1_60_01_75_000_000 + row
        cells[at] = f"{number}{97 - number % 97:02d}"
        lines[row] = ";".join(cells)
    p.text(PERSONS, lines)
    return deliver(p)


@case(GROUP, "a cell that would start a spreadsheet's formula", 0, "quarantined")
def formula(p: Place) -> Run:
    p.cell(DEATHS, "BEN_RES_COM", "=1+1|")
    return deliver(p)
