"""What a permit shows: granted tables, columns, years and persons, as precisely as it says, and nothing else."""

import re
from datetime import date, datetime, timedelta

import pytest
from support.spec import ANY_PRECISION, TODAY, PermitSpec, drawn

from egide.model.errors import BadUsage, Denied, HubError
from egide.model.event import EventKind
from egide.model.records import PermitRow
from egide.model.table import Kind
from egide.registry import model_of
from egide.rules.permits import category_of

title = "What a permit shows"
ANO = ["A" * 17, "B" * 17, "C" * 17, "D" * 17]
IR_BEN_R = f"""
BEN_NIR_PSA | BEN_RNG_GEM | BEN_NIR_ANO | BEN_SEX_COD | BEN_NAI_ANN | BEN_NAI_MOI | BEN_RES_DPT | BEN_RES_COM | BEN_DCD_DTE | BEN_DCD_AME | MAX_TRT_DTD
one         | 1           | {ANO[0]}    | 1           | 1950        | 05          | 075         | 112         | 01/01/1600  | 160001      | 17/03/2019
two         | 1           | {ANO[1]}    | 2           | 1960        | 06          | 013         | 055         | 23/11/2019  | 201911      | 17/03/2019
shared      | 1           | {ANO[2]}    | 2           | 1970        | 07          | 02A         | 004         |             |             |
shared      | 2           | {ANO[3]}    | 2           | 1970        | 07          | 02A         | 004         |             |             |
"""
ER_PRS_F = """
BEN_NIR_PSA | BEN_RNG_GEM | PRS_ORD_NUM | FLX_DIS_DTD | EXE_SOI_DTD | EXE_SOI_DTF | EXE_SOI_AMD | BEN_AMA_COD | BEN_DCD_DTE | BEN_DCD_AME | PRS_ACT_QTE | BEN_RES_COM
one         | 1           | 1           | 01/04/2019  | 17/03/2019  | 18/03/2019  | 201903      | 69          | 01/01/1600  | 160001      | 1.00        | 112
two         | 1           | 2           | 01/04/2019  | 19/03/2019  | 19/03/2019  | 201903      | 1013        | 23/11/2019  | 201911      | 2.50        | 055
shared      | 1           | 3           | 01/04/2020  | 17/03/2020  | 17/03/2020  | 202003      | 50          |             |             | 1.00        | 004
shared      | 2           | 4           | 01/04/2020  | 17/03/2020  | 17/03/2020  | 202003      | 50          |             |             | 1.00        | 004
nobody      | 1           | 5           | 01/04/2019  | 17/03/2019  | 17/03/2019  | 201903      | 50          |             |             | 1.00        | 112
            |             | 6           | 01/04/2019  | 17/03/2019  | 17/03/2019  | 201903      | 50          |             |             | 1.00        | 112
"""
T_MCOaaC = """
NIR_ANO_17 | RSA_NUM | EXE_SOI_DTD        | EXE_SOI_DTF        | ENT_DAT  | SOR_DAT  | EXE_SOI_AMD | SOR_MOI | SOR_ANN | NUM_DAT_AT
one        | 1       | 17MAR2019:00:00:00 | 19MAR2019:00:00:00 | 17032019 | 19032019 | 201903      | 03      | 2019    | 17032019
shared     | 2       | 17MAR2019:00:00:00 | 19MAR2019:00:00:00 | 17032019 | 19032019 | 201903      | 03      | 2019    |
"""
T_MCOaaB = """
RSA_NUM | SOR_MOI | SOR_ANN | AGE_JOU | BDI_COD | BDI_DEP
1       | 03      | 2019    | 40      | 75112   | 75
2       | 03      | 2019    |         | 20004   | 2A
"""
KI_CCI_R = """
BEN_IDT_ANO | DCD_IDT_ENC | FLX_PER_ANN | BEN_DCD_DTE | BEN_DCD_AME | DCD_COM_COD | DCD_LIE_LIB | BEN_NAI_MOI | BEN_RES_COM
BBBBBBBBBBBBBBBBB | d1    | 2019        | 23/11/2019  | 201911      | 077         | RUE DU PORT | 06          | 055
"""
ER_PHA_F = "PRS_ORD_NUM | FLX_DIS_DTD | PHA_ACT_QSN\n1 | 01/04/2019 | 3\n3 | 01/04/2020 | 5"
TABLES = ("IR_BEN_R", "ER_PRS_F", "ER_PHA_F", "T_MCOaaB", "T_MCOaaC", "KI_CCI_R")
EVERYTHING = {name: ["*"] for name in TABLES}
SNDS = model_of("snds")


@pytest.fixture(scope="module")
def spec(permits: PermitSpec) -> PermitSpec:
    permits.holds(
        IR_BEN_R=IR_BEN_R,
        ER_PRS_F=ER_PRS_F,
        ER_PHA_F=ER_PHA_F,
        T_MCOaaB=T_MCOaaB,
        T_MCOaaC=T_MCOaaC,
        KI_CCI_R=KI_CCI_R,
    )
    return permits


def refused(
    spec: PermitSpec, permit: str, sql: str = "SELECT COUNT(*) FROM IR_BEN_R", who: str = "alice"
) -> str:
    with pytest.raises(HubError) as problem:
        spec.ask(permit, sql, who)
    return problem.value.key


def test_a_permit_shows_only_granted_groups(spec: PermitSpec) -> None:
    permit = spec.issue(tables={"IR_BEN_R": ["place"]})
    assert spec.columns(permit, "IR_BEN_R") == ("PERSON_ID", "BEN_RES_DPT")
    with pytest.raises((Denied, BadUsage)):
        spec.ask(permit, "SELECT BEN_SEX_COD FROM IR_BEN_R")
    with pytest.raises((Denied, BadUsage)):
        spec.ask(permit, "SELECT COUNT(*) FROM ER_PRS_F")


def test_single_columns_may_be_granted_beside_groups(spec: PermitSpec) -> None:
    permit = spec.issue(
        tables={"IR_BEN_R": ["place"]}, columns={"IR_BEN_R": ["BEN_SEX_COD"], "ER_PRS_F": ["PRS_ACT_QTE"]}
    )
    assert spec.columns(permit, "IR_BEN_R") == ("PERSON_ID", "BEN_SEX_COD", "BEN_RES_DPT")
    assert spec.columns(permit, "ER_PRS_F") == ("PERSON_ID", "PRS_ACT_QTE")


def size(spec: PermitSpec, **given: object) -> dict[str, int]:
    """Rows of each table under a permit of these terms."""
    found = spec.shown(spec.issue(**{"tables": EVERYTHING, **given}))
    return {table: len(columns["PERSON_ID"]) for table, columns in found.items()}


def test_a_permit_shows_only_the_years_it_grants(spec: PermitSpec) -> None:
    assert size(spec, years=[2019, 2020])["ER_PRS_F"] == 5
    assert size(spec, years=[2020, 2020]) == {"IR_BEN_R": 4, "ER_PRS_F": 2, "ER_PHA_F": 1}
    assert size(spec, years=[2016, 2018]) == {"IR_BEN_R": 4}


def test_rows_of_nobody_known_are_not_shown(spec: PermitSpec) -> None:
    permit = spec.issue(tables=EVERYTHING)
    assert spec.ask(permit, "SELECT COUNT(*), COUNT(PERSON_ID) FROM ER_PRS_F") == [(5, 5)]


def test_a_permit_shows_only_its_population(spec: PermitSpec) -> None:
    women = spec.issue(tables={"ER_PRS_F": ["*"]}, population={"sexes": [2], "born": "1950-1965"})
    assert spec.ask(women, "SELECT SUM(PRS_ACT_QTE) FROM ER_PRS_F") == [(pytest.approx(2.5),)]
    corsica = size(spec, population={"departments": ["02A"]})
    assert (corsica["IR_BEN_R"], corsica["ER_PRS_F"], corsica["KI_CCI_R"]) == (2, 2, 0)


def test_dates_are_cut_to_the_month(spec: PermitSpec) -> None:
    found = spec.shown(spec.issue(tables=EVERYTHING, precision={"care_date": "month"}))
    services, stays = found["ER_PRS_F"], found["T_MCOaaC"]
    assert (
        set(services["EXE_SOI_DTD"]) == set(services["EXE_SOI_DTF"]) == {date(2019, 3, 1), date(2020, 3, 1)}
    )
    assert set(services["EXE_SOI_AMD"]) == {"201903", "202003"}
    assert set(stays["EXE_SOI_DTD"]) == set(stays["EXE_SOI_DTF"]) == {datetime(2019, 3, 1)}
    assert set(stays["ENT_DAT"]) == set(stays["SOR_DAT"]) == {date(2019, 3, 1)}
    assert set(stays["SOR_MOI"]) == {"03"}


def test_dates_are_cut_to_the_year_and_months_go_with_them(spec: PermitSpec) -> None:
    found = spec.shown(spec.issue(tables=EVERYTHING, precision={"care_date": "year"}))
    assert set(found["ER_PRS_F"]["EXE_SOI_DTD"]) == {date(2019, 1, 1), date(2020, 1, 1)}
    assert set(found["ER_PRS_F"]["EXE_SOI_AMD"]) == {"2019", "2020"}
    assert "SOR_MOI" not in {*found["T_MCOaaC"], *found["T_MCOaaB"]}


def test_ages_in_months_do_not_tell_the_month_of_birth(spec: PermitSpec) -> None:
    cut, whole = (
        spec.shown(spec.issue(tables=EVERYTHING, **p))["ER_PRS_F"]["BEN_AMA_COD"]
        for p in ({}, {"precision": ANY_PRECISION})
    )
    assert set(cut) - set(whole) == {1012} and set(whole) - set(cut) == {1013}


# What stands on a day of 17, 18, 19 or 23 in the examples above must not be told from any other day of its month.
DAY = re.compile(r"-(17|18|19|23)\b|^(17|18|19|23)\d{6}$|\d{6}(17|18|19|23)$")


def shown(spec: PermitSpec, permit: str) -> dict[str, list[str]]:
    """The values of every column but the keyed ones, whose numbers are drawn by no calendar."""
    return {
        f"{table}.{name}": [str(v) for v in values]
        for table, columns in spec.shown(permit).items()
        for name, values in columns.items()
        if name != "PERSON_ID" and SNDS.tables[table].column(name).domain is None
    }


def test_at_the_month_no_column_of_any_table_tells_a_day(spec: PermitSpec) -> None:
    found = shown(
        spec, spec.issue(tables=EVERYTHING, precision={"care_date": "month", "death_date": "month"})
    )
    assert [name for name, values in found.items() if any(DAY.search(v) for v in values)] == []
    precise = shown(spec, spec.issue(tables=EVERYTHING, precision=ANY_PRECISION))
    assert {"T_MCOaaC.NUM_DAT_AT", "T_MCOaaC.ENT_DAT", "IR_BEN_R.MAX_TRT_DTD", "KI_CCI_R.BEN_DCD_DTE"} <= {
        name for name, values in precise.items() if any(DAY.search(v) for v in values)
    }


@pytest.mark.parametrize("category", sorted(ANY_PRECISION))
def test_what_is_granted_at_no_precision_is_nowhere(spec: PermitSpec, category: str) -> None:
    """Of every table's columns, those of the category are gone: nothing of a commune, of a month of birth, of a date."""
    permit = spec.issue(tables=EVERYTHING, precision={**ANY_PRECISION, category: "none"})
    found = shown(spec, permit)
    told = {f"{t}.{c.name}" for t in TABLES for c in SNDS.tables[t].columns if category_of(c) == category}
    assert not (told - {"ER_PRS_F.BEN_AMA_COD"}) & set(found)
    values = {v for values in found.values() for v in values}
    words = {
        "residence_commune": {"112", "055", "004", "75112", "20004"},
        "birth_month": {"05", "06", "07", "1013", "40"},
        "birth_year": {"1950", "1960", "1970"},
        "care_date": {"201903", "202003", "2019-03-17", "2019-03-19", "17032019"},
        "death_date": {"201911", "2019-11-23", "160001", "1600-01-01"},
        "death_commune": {"077", "RUE DU PORT"},
    }[category]
    assert not values & words


def test_two_permits_pseudonyms_never_meet(spec: PermitSpec) -> None:
    one, two = (spec.shown(spec.issue(tables=EVERYTHING, precision=ANY_PRECISION)) for _ in range(2))
    for table in TABLES:
        keyed = [c.name for c in SNDS.tables[table].columns if c.domain is not None and c.name in one[table]]
        for name in ("PERSON_ID", *keyed):
            first, second = (set(shown_[table][name]) - {None} for shown_ in (one, two))
            assert len(first) == len(second) and not first & second, f"{table}.{name}"
            assert first or name == "BEN_IDT_ANO"


def test_within_one_permit_the_tables_still_join(spec: PermitSpec) -> None:
    permit = spec.issue(tables=EVERYTHING)
    nine = SNDS.tables["ER_PRS_F"].key
    on = " AND ".join(f"a.{n} = p.{n}" for n in nine)
    assert spec.ask(
        permit, f"SELECT COUNT(*) FROM ER_PHA_F a JOIN ER_PRS_F p ON {on} AND a.PERSON_ID = p.PERSON_ID"
    ) == [(2,)]
    assert spec.ask(permit, "SELECT COUNT(*) FROM T_MCOaaB b JOIN T_MCOaaC c USING (ETA_NUM, RSA_NUM)") == [
        (2,)
    ]
    assert spec.ask(
        permit, "SELECT COUNT(*) FROM T_MCOaaC c JOIN IR_BEN_R b ON c.NIR_ANO_17 = b.BEN_NIR_PSA"
    ) == [(3,)]
    assert spec.ask(permit, "SELECT COUNT(*) FROM KI_CCI_R k JOIN IR_BEN_R b USING (PERSON_ID)") == [(1,)]


def test_the_same_permit_gives_the_same_pseudonyms_tomorrow(spec: PermitSpec) -> None:
    permit = spec.issue(tables=EVERYTHING)
    one, two = (
        {t: sorted(map(repr, zip(*c.values(), strict=True))) for t, c in spec.shown(permit).items()}
        for _ in range(2)
    )
    assert one == two


def test_a_permit_answers_only_those_it_names(spec: PermitSpec) -> None:
    permit = spec.issue(tables=EVERYTHING)
    assert refused(spec, permit, who="eve") == refused(spec, permit, who="autorite") == "permit.not-named"
    assert spec.ask(
        spec.issue(tables=EVERYTHING, persons=["eve"]), "SELECT COUNT(*) FROM IR_BEN_R", "eve"
    ) == [(4,)]


def test_a_permit_that_has_not_begun_or_has_ended_answers_nothing(spec: PermitSpec) -> None:
    def on(days: int) -> str:
        return (TODAY + timedelta(days=days)).isoformat()

    assert refused(spec, spec.issue(tables=EVERYTHING, start=on(1))) == "permit.not-yet"
    assert refused(spec, spec.issue(tables=EVERYTHING, end=on(-1))) in ("permit.ended", "permit.not-granted")
    today = spec.issue(tables=EVERYTHING, start=on(0), end=on(0))
    assert spec.ask(today, "SELECT COUNT(*) FROM IR_BEN_R") == [(4,)]


def test_a_revoked_permit_answers_nothing(spec: PermitSpec) -> None:
    permit = spec.issue(tables=EVERYTHING)
    assert spec.ask(permit, "SELECT COUNT(*) FROM IR_BEN_R") == [(4,)]
    spec.revoke(permit)
    assert refused(spec, permit) == "permit.not-granted"
    assert f"permit/{permit}" not in spec.hub.keys.names()
    with pytest.raises(Denied):
        spec.revoke(permit)


def test_an_amended_permit_points_back_and_takes_the_place_of_the_first(spec: PermitSpec) -> None:
    first = spec.issue(tables={"IR_BEN_R": ["place"]})
    spec.ask(first, "SELECT COUNT(*) FROM IR_BEN_R")
    second = spec.amend(first, tables={"IR_BEN_R": ["place", "person"]})
    row = spec.hub.records.get(PermitRow, second)
    assert row is not None and row.previous == first
    assert refused(spec, first) == "permit.not-granted"
    assert f"permit/{first}" not in spec.hub.keys.names()
    assert spec.ask(second, "SELECT COUNT(BEN_SEX_COD) FROM IR_BEN_R") == [(4,)]
    with pytest.raises(Denied):
        spec.amend(first, tables={"IR_BEN_R": ["place"]})


def test_no_amendment_reaches_past_the_application(spec: PermitSpec) -> None:
    permit = spec.issue(tables={"IR_BEN_R": ["place"]})
    for more in ({"years": [2010, 2024]}, {"persons": ["alice", "comite"]}, {"engines": ["spark"]}):
        with pytest.raises(Denied) as problem:
            spec.amend(permit, tables={"IR_BEN_R": ["place"]}, **more)
        assert problem.value.key == "permit.exceeds"
    assert spec.ask(permit, "SELECT COUNT(*) FROM IR_BEN_R") == [(4,)]


def test_a_permit_keeps_to_its_snapshot_and_its_dataset(spec: PermitSpec) -> None:
    pinned = spec.issue(tables=EVERYTHING, snapshot=f"{spec.dataset}@1")
    assert spec.ask(pinned, "SELECT COUNT(*) FROM IR_BEN_R") == [(4,)]
    other = spec.intake.afresh()
    other(IR_BEN_R="BEN_NIR_PSA\nelsewhere")
    assert other.report is not None
    for elsewhere in (str(other.report.snapshot), f"{spec.dataset}.identity@1", f"{spec.dataset}@9"):
        with pytest.raises(Denied) as problem:
            spec.issue(tables=EVERYTHING, snapshot=elsewhere)
        assert problem.value.key == "snapshot.unknown"


def test_a_person_who_objects_disappears_from_the_next_query(spec: PermitSpec) -> None:
    """Last in this chapter: from here on, people are missing."""
    assert size(spec) == {
        "IR_BEN_R": 4,
        "ER_PRS_F": 5,
        "ER_PHA_F": 2,
        "T_MCOaaB": 2,
        "T_MCOaaC": 2,
        "KI_CCI_R": 1,
    }
    permit = spec.issue(tables=EVERYTHING)
    assert spec.ask(permit, "SELECT COUNT(*) FROM IR_BEN_R") == [(4,)]
    spec.object("BEN_NIR_PSA,BEN_RNG_GEM", "two,1")
    assert spec.ask(permit, "SELECT COUNT(*) FROM IR_BEN_R") == [(3,)]
    spec.object("shared,1")
    assert size(spec) == {
        "IR_BEN_R": 2,
        "ER_PRS_F": 3,
        "ER_PHA_F": 1,
        "T_MCOaaB": 1,
        "T_MCOaaC": 1,
        "KI_CCI_R": 0,
    }


def test_an_objection_leaves_no_name_in_the_ledger(spec: PermitSpec) -> None:
    from egide.journey.record import unseal_side
    from egide.stages.ledger import history

    told = [r.event for r in history(spec.hub.records.ledger, unseal_side(spec.hub)) if r.event is not None]
    changes = [e for e in told if e.kind is EventKind.RECORDS_CHANGED]
    assert [e.facts for e in changes] == [
        {"what": "exclusion list", "version": 1},
        {"what": "exclusion list", "version": 2},
    ]


def test_the_examples_hold_every_table_and_every_kind_of_date() -> None:
    drawn_ = {
        "IR_BEN_R": IR_BEN_R,
        "ER_PRS_F": ER_PRS_F,
        "ER_PHA_F": ER_PHA_F,
        "T_MCOaaB": T_MCOaaB,
        "T_MCOaaC": T_MCOaaC,
        "KI_CCI_R": KI_CCI_R,
    }
    assert set(drawn_) == set(SNDS.tables)
    kinds = {SNDS.tables[t].column(n).kind for t, text in drawn_.items() for n in drawn(text)[0]}
    assert kinds >= {Kind.DATE, Kind.DATETIME, Kind.TEXT, Kind.INTEGER, Kind.DECIMAL}
