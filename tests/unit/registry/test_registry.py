"""What the registry promises: types, names, years and code lists of the six first tables."""

import csv
import json
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from egide.model.errors import BadInput
from egide.model.messages import known
from egide.model.table import Domain, Kind
from egide.registry import codes_for, columns_for, model_of, models, read, resolve

SIX = {"IR_BEN_R": 21, "ER_PRS_F": 123, "ER_PHA_F": 23, "T_MCOaaB": 94, "T_MCOaaC": 40, "KI_CCI_R": 49}
DCIR = (
    "DCT_ORD_NUM",
    "FLX_DIS_DTD",
    "FLX_EMT_NUM",
    "FLX_EMT_ORD",
    "FLX_EMT_TYP",
    "FLX_TRT_DTD",
    "ORG_CLE_NUM",
    "PRS_ORD_NUM",
    "REM_TYP_AFF",
)


def test_the_six_tables_keep_every_column_of_their_source() -> None:
    assert {name: len(table.columns) for name, table in model_of().tables.items()} == SIX


def test_a_model_is_read_once() -> None:
    assert model_of("snds") is model_of("snds", "2021")


@pytest.mark.parametrize(("name", "version"), [("omop", None), ("snds", "1999")])
def test_an_unknown_model_or_version_is_bad_input(name: str, version: str | None) -> None:
    with pytest.raises(BadInput) as refused:
        model_of(name, version)
    assert known(refused.value.key) and name in str(refused.value)


@pytest.mark.parametrize(
    ("physical", "table", "year"),
    [
        ("IR_BEN_R", "IR_BEN_R", None),
        ("ER_PRS_F", "ER_PRS_F", None),
        ("ER_PRS_F_2014", "ER_PRS_F", 2014),
        ("T_MCO19B", "T_MCOaaB", 2019),
        ("T_MCO05C", "T_MCOaaC", 2005),
        ("T_MCO98B", "T_MCOaaB", 1998),
        ("T_MCOaaC", "T_MCOaaC", None),
        ("ki_cci_r_2020", "KI_CCI_R", 2020),
    ],
)
def test_a_delivered_name_finds_its_table_and_year(physical: str, table: str, year: int | None) -> None:
    found, of_year = resolve(model_of(), physical)
    assert (found.name, of_year) == (table, year)


@pytest.mark.parametrize(
    "physical", ["", "ER_XXX_F", "T_MCO1B", "T_MCO19Z", "ER_PRS_F_14", "IR_BEN_R2", "../IR_BEN_R"]
)
def test_an_unknown_name_is_bad_input(physical: str) -> None:
    with pytest.raises(BadInput):
        resolve(model_of(), physical)


def test_columns_come_and_go_with_the_years() -> None:
    stays = model_of().tables["T_MCOaaB"]
    names = {year: {c.name for c in columns_for(stays, year)} for year in (2009, 2019)}
    assert "GHS_9512_ACT" in names[2009] - names[2019]
    assert "TOP_DEF_CARD" in names[2019] - names[2009]
    assert columns_for(stays, None) == stays.columns


@pytest.mark.parametrize(
    ("table", "column", "kind", "length", "scale", "date_format"),
    [
        ("ER_PRS_F", "BEN_CMU_TOP", Kind.TEXT, 1, None, None),  # "integer" at the source, stored as text
        ("ER_PRS_F", "BSE_REM_MNT", Kind.DECIMAL, None, 2, None),
        ("ER_PRS_F", "BSE_REM_PRU", Kind.DECIMAL, None, 5, None),
        ("ER_PRS_F", "PRS_ACT_QTE", Kind.DECIMAL, None, 2, None),
        ("ER_PHA_F", "PHA_PRS_C13", Kind.INTEGER, None, None, None),
        ("ER_PRS_F", "FLX_DIS_DTD", Kind.DATE, None, None, None),
        ("T_MCOaaC", "ENT_DAT", Kind.DATE, None, None, "%d%m%Y"),
        ("T_MCOaaC", "EXE_SOI_DTD", Kind.DATETIME, None, None, "%d%b%Y:%H:%M:%S"),
        ("IR_BEN_R", "BEN_NAI_MOI", Kind.TEXT, 2, None, None),
        ("IR_BEN_R", "BEN_IDT_ANO", Kind.TEXT, 18, None, None),  # PSA and rank while the NIR is not known
        ("T_MCOaaB", "RSA_NUM", Kind.TEXT, 10, None, None),
        ("T_MCOaaB", "SOR_ANN", Kind.TEXT, 4, None, None),
    ],
)
def test_types(
    table: str, column: str, kind: Kind, length: int | None, scale: int | None, date_format: str | None
) -> None:
    found = model_of().tables[table].column(column)
    assert (found.kind, found.length, found.scale, found.date_format) == (kind, length, scale, date_format)


def test_identifiers_know_whom_they_name() -> None:
    domains = {(t.name, c.name): c.domain for t in model_of().tables.values() for c in t.columns if c.domain}
    assert {name for (_, name), d in domains.items() if d is Domain.PSA} == {"BEN_NIR_PSA", "NIR_ANO_17"}
    assert {name for (_, name), d in domains.items() if d is Domain.IDT} == {"BEN_IDT_ANO"}
    assert {name for (_, name), d in domains.items() if d is Domain.PROVIDER} == {
        "PFS_EXE_NUM",
        "PFS_PRE_NUM",
        "PRS_MTT_NUM",
        "PSP_PPS_NUM",
    }
    assert not {"FLX_DIS_DTD", "FLX_TRT_DTD", "ETA_NUM"} & {name for _, name in domains}


def test_every_pseudonym_of_the_source_has_a_domain() -> None:
    bare = [
        (t.name, c.name)
        for t in model_of().tables.values()
        for c in t.columns
        if "pseudonym" in c.tags and c.domain is None
    ]
    assert bare == []


def test_services_are_keyed_by_nine_columns_and_drugs_by_none() -> None:
    tables = model_of().tables
    assert tables["ER_PRS_F"].key == DCIR
    assert tables["ER_PHA_F"].key == ()
    assert tables["ER_PHA_F"].person.columns == DCIR and tables["ER_PHA_F"].person.table == "ER_PRS_F"
    assert not any(tables["ER_PHA_F"].column(name).nullable for name in DCIR)


def test_codes_are_written_as_their_column_writes_them() -> None:
    model = model_of()
    services, drugs = model.tables["ER_PRS_F"], model.tables["ER_PHA_F"]
    assert codes_for(model, services.column("BEN_SEX_COD")) == {"0", "1", "2", "9"}
    assert "00" in (codes_for(model, services.column("BEN_CDI_NIR")) or ())  # text keeps its zeros
    assert "3400921600506" in (codes_for(model, drugs.column("PHA_PRS_C13")) or ())
    assert codes_for(model, services.column("BEN_RES_COM")) is None  # a pair with the department


def test_a_list_of_one_year_says_nothing_of_another() -> None:
    model = model_of()
    group = model.tables["T_MCOaaB"].column("GRG_GHM")
    assert codes_for(model, group, 2019) is None and codes_for(model, group) is None
    assert "01C031" in (codes_for(model, group, 2025) or ())


def test_codes_fit_their_column() -> None:
    """A list longer than its column would refuse rows that the list allows. ICD-10 lists serve several widths."""
    model = model_of()
    shared = {"IR_CIM_V", "MS_CIM_V"}
    for table in model.tables.values():
        for column in table.columns:
            if column.kind is Kind.TEXT and column.codes and column.codes not in shared:
                assert max(map(len, codes_for(model, column, 2025) or {""})) <= (column.length or 0), (
                    column.name
                )


def test_each_code_list_names_its_licence_and_source() -> None:
    for name in models():
        for codes in model_of(name).code_lists.values():
            assert codes.licence and codes.source and codes.codes


def test_labels_exist_in_both_languages() -> None:
    for name in models():
        for table in model_of(name).tables.values():
            assert table.label("fr") and table.label_en
            assert [c.name for c in table.columns if not (c.label_fr and c.label_en)] == []


def test_a_hospital_register_holds_a_stage_one_pseudonym() -> None:
    stays = model_of("hospital").tables["HOSPITAL_STAYS"]
    column = stays.column("PERSON_PSEUDONYM")
    assert (column.domain, column.holder_name, stays.person.by) == (Domain.STAGE1, "NIR", "stage1")


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the models that a test may spoil."""
    shutil.copytree(read.DATA, tmp_path / "data")
    monkeypatch.setattr(read, "DATA", tmp_path / "data")
    return tmp_path / "data" / "snds" / "tables"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("key", ["NO_SUCH_COLUMN"]),
        ("period", "NO_SUCH_COLUMN"),
        ("date", "NO_SUCH_COLUMN"),
        ("person", {"by": "idt", "columns": ["NO_SUCH_COLUMN"]}),
        ("person", {"by": "guess", "columns": []}),
        (
            "references",
            [{"columns": ["NO_SUCH_COLUMN"], "table": "IR_BEN_R", "table_columns": ["BEN_IDT_ANO"]}],
        ),
        (
            "references",
            [{"columns": ["BEN_IDT_ANO"], "table": "NO_SUCH_TABLE", "table_columns": ["BEN_IDT_ANO"]}],
        ),
        (
            "references",
            [{"columns": ["BEN_IDT_ANO"], "table": "IR_BEN_R", "table_columns": ["NO_SUCH_COLUMN"]}],
        ),
        ("references", [{"columns": ["BEN_IDT_ANO"], "table": "IR_BEN_R", "table_columns": ["BEN_RNG_GEM"]}]),
        ("columns", [{"name": "DCD_IDT_ENC", "kind": "text", "nullable": False}]),
        ("columns", [{"name": "DCD_IDT_ENC", "kind": "number"}]),
        ("columns", [{"name": "DCD_IDT_ENC", "kind": "text", "lenght": 3}]),
    ],
)
def test_a_description_that_does_not_fit_is_refused_by_file_and_column(
    broken: Path, part: str, value: object
) -> None:
    path = broken / "KI_CCI_R.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {part: value}), "utf-8")
    with pytest.raises(BadInput) as refused:
        read.read_model("snds")
    assert refused.value.facts["file"] == "KI_CCI_R.json" and refused.value.facts["column"]


def test_a_description_that_is_not_json_is_refused(broken: Path) -> None:
    (broken / "IR_BEN_R.json").write_text("{", "utf-8")
    with pytest.raises(BadInput):
        read.read_model("snds")


PUBLISHED = sorted((Path(__file__).parent / "published").glob("*.csv"))


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda p: p.stem)
def test_published_rows_have_the_types_we_state(path: Path) -> None:
    """Rows that others published (indsante/synthetic-snds, Licence Ouverte 2.0): comma, ISO dates."""
    table, _ = resolve(model_of(), path.stem)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    for row in rows:
        for name, value in row.items():
            column = table.column(name)
            if value == "":
                assert column.nullable
            elif column.kind is Kind.INTEGER:
                int(value)
            elif column.kind is Kind.TEXT:
                assert len(value) <= (column.length or 0), name
            elif column.kind is Kind.DECIMAL:
                assert len(value.partition(".")[2]) <= (column.scale or 0), name
            else:
                datetime.strptime(value, column.date_format or "%Y-%m-%d")
