"""A permit grants no more than was asked, and answers only whom, when and with what it says."""

from dataclasses import replace
from datetime import date

import pytest
from support.tiny import integer, table, text

from egide.model.errors import Denied
from egide.model.permit import OutputState, PermitState, Population, ProjectState, Terms
from egide.model.table import Column, Kind, Model, PersonRule
from egide.registry import model_of
from egide.rules import permits
from egide.rules.permits import check_known, check_usable, check_within, shown_columns

VISITS = table(
    text("PLACE", 3, group="place", tags=("potential_identifier:residence_commune",)),
    Column("DAY", Kind.DATE, group="care", tags=("potential_identifier:care_date",)),
    text("MONTH", 6, group="care", tags=("potential_identifier:care_date",)),
    text("MM", 2, group="care", tags=("potential_identifier:care_date",)),
    text("YEAR", 4, group="care", tags=("potential_identifier:care_date",)),
    text("FREE", 9, group="care", tags=("potential_identifier:care_date",)),
    integer("AGE", group="person", tags=("potential_identifier:birth_month:age",)),
    integer("COST", group="amounts", tags=("medical",)),
    name="VISITS",
    person=PersonRule("psa", ()),
)
MODEL = Model("m", "1", {"VISITS": VISITS, "OTHER": replace(VISITS, name="OTHER")}, {})
ASKED = Terms(
    project="P",
    dataset="d",
    purpose="",
    legal_basis="",
    persons=("ada", "bob"),
    tables={"VISITS": ("care", "place")},
    columns={"VISITS": ("COST",)},
    years=(2019, 2021),
    start=date(2024, 1, 1),
    end=date(2024, 12, 31),
    threshold=11,
    precision={**dict.fromkeys(permits.PRECISIONS, "none"), "care_date": "month"},
)
SNDS = model_of("snds")


def levels(**given: str) -> dict[str, str]:
    return {**ASKED.precision, **given}


@pytest.mark.parametrize(
    "less",
    [
        {},
        {"persons": ("bob",)},
        {"tables": {"VISITS": ("care",)}, "columns": {}},
        {"tables": {}, "columns": {"VISITS": ("DAY", "COST")}},
        {"years": (2020, 2020)},
        {"threshold": 50},
        {"precision": levels(care_date="year")},
        {"start": date(2024, 6, 1), "end": date(2024, 6, 2)},
        {"population": Population((2,), (1950, 1960), ("075",))},
        {"snapshot": "d@1:ab"},
        {"engines": (), "tools": ()},
    ],
)
def test_what_was_asked_or_less_may_be_granted(less: dict[str, object]) -> None:
    check_within(replace(ASKED, **less), ASKED, MODEL)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"dataset": "e"}, "dataset"),
        ({"persons": ("ada", "eve")}, "persons: eve"),
        ({"tables": {"OTHER": ("care",)}}, "OTHER"),
        ({"tables": {"VISITS": ("care", "amounts", "person")}}, "VISITS.AGE"),
        ({"tables": {"VISITS": ("*",)}}, "VISITS.AGE"),
        ({"columns": {"VISITS": ("AGE",)}}, "VISITS.AGE"),
        ({"years": (2018, 2021)}, "years"),
        ({"years": (2019, 2022)}, "years"),
        ({"threshold": 10}, "threshold"),
        ({"precision": levels(care_date="day")}, "precision.care_date"),
        ({"precision": levels(residence_commune="commune")}, "precision.residence_commune"),
        ({"engines": ("duckdb", "spark")}, "engines: spark"),
        ({"tools": ("sql", "python")}, "tools: python"),
        ({"start": date(2023, 12, 31)}, "start"),
        ({"end": date(2025, 1, 1)}, "end"),
    ],
)
def test_more_than_was_asked_is_refused_and_named(more: dict[str, object], what: str) -> None:
    with pytest.raises(Denied) as refused:
        check_within(replace(ASKED, **more), ASKED, MODEL)  # type: ignore[arg-type]
    assert (refused.value.key, refused.value.facts["what"]) == ("permit.exceeds", what)


SOME = Population((1, 2), (1950, 1960), ("075", "02A"))


@pytest.mark.parametrize(
    "granted",
    [SOME, replace(SOME, sexes=(2,)), replace(SOME, born=(1951, 1951)), replace(SOME, departments=("02A",))],
)
def test_a_population_within_the_one_asked(granted: Population) -> None:
    check_within(replace(ASKED, population=granted), replace(ASKED, population=SOME), MODEL)


@pytest.mark.parametrize(
    "granted",
    [
        Population(),
        replace(SOME, sexes=()),
        replace(SOME, sexes=(1, 9)),
        replace(SOME, born=None),
        replace(SOME, born=(1949, 1960)),
        replace(SOME, born=(1950, 1961)),
        replace(SOME, departments=()),
        replace(SOME, departments=("075", "013")),
    ],
)
def test_a_population_that_reaches_past_the_one_asked(granted: Population) -> None:
    with pytest.raises(Denied) as refused:
        check_within(replace(ASKED, population=granted), replace(ASKED, population=SOME), MODEL)
    assert refused.value.facts["what"] == "population"


@pytest.mark.parametrize("granted", ["", "d@2:cd"])
def test_what_was_asked_of_one_snapshot_is_granted_on_it_alone(granted: str) -> None:
    asked = replace(ASKED, snapshot="d@1:ab")
    check_within(asked, asked, MODEL)
    with pytest.raises(Denied) as refused:
        check_within(replace(asked, snapshot=granted), asked, MODEL)
    assert refused.value.facts["what"] == "snapshot"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"tables": {"NONE": ("care",)}}, "permit.no-table"),
        ({"columns": {"NONE": ("A",)}}, "permit.no-table"),
        ({"tables": {"VISITS": ("shoes",)}}, "permit.no-group"),
        ({"columns": {"VISITS": ("SHOE",)}}, "permit.no-column"),
        ({"population": Population((2,))}, "permit.no-table"),
    ],
)
def test_terms_that_name_what_does_not_exist(change: dict[str, object], key: str) -> None:
    check_known(ASKED, MODEL)
    with pytest.raises(Denied) as refused:
        check_known(replace(ASKED, **change), MODEL)  # type: ignore[arg-type]
    assert refused.value.key == key


def usable(
    state: str = "granted",
    who: str = "ada",
    on: date = date(2024, 6, 1),
    engine: str = "duckdb",
    tool: str = "sql",
) -> str:
    try:
        check_usable(ASKED, state, who, on, engine=engine, tool=tool)
    except Denied as refused:
        return refused.key
    return ""


def test_a_permit_answers_its_persons_on_its_days() -> None:
    assert usable() == usable(on=ASKED.start) == usable(on=ASKED.end) == usable(who="bob") == ""
    assert usable(on=date(2023, 12, 31)) == "permit.not-yet"
    assert usable(on=date(2025, 1, 1)) == "permit.ended"
    assert usable(who="eve") == "permit.not-named"
    assert usable(engine="spark") == "permit.no-engine"
    assert usable(tool="python") == "permit.no-tool"
    for state in set(PermitState) - {PermitState.GRANTED}:
        assert usable(state=state.value) == "permit.not-granted"


@pytest.mark.parametrize(
    ("table_of_states", "states"),
    [
        (permits.NEXT_PROJECT, ProjectState),
        (permits.NEXT_PERMIT, PermitState),
        (permits.NEXT_OUTPUT, OutputState),
    ],
)
def test_every_state_has_a_row_and_is_reached(
    table_of_states: dict[object, set[object]], states: type
) -> None:
    assert table_of_states.keys() == set(states)
    assert set().union(*table_of_states.values()) == set(states) - {next(iter(states))}


def test_what_may_not_follow_is_refused() -> None:
    permits.check_next_output("made", OutputState.APPROVED)
    for check, now, to in (
        (permits.check_next_output, "made", OutputState.RELEASED),
        (permits.check_next_output, "released", OutputState.RELEASED),
        (permits.check_next_permit, "revoked", PermitState.AMENDED),
        (permits.check_next_project, "applied", ProjectState.AUTHORISED),
        (permits.check_next_project, "refused", ProjectState.FAVOURABLE),
    ):
        with pytest.raises(Denied):
            check(now, to)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("none", {"COST"}),
        ("year", {"DAY", "MONTH", "YEAR", "COST"}),
        ("month", {"DAY", "MONTH", "MM", "YEAR", "COST"}),
        ("day", {"DAY", "MONTH", "MM", "YEAR", "FREE", "COST"}),
    ],
)
def test_a_date_in_text_is_shown_where_it_can_be_cut(level: str, shown: set[str]) -> None:
    found = shown_columns(replace(ASKED, precision=levels(care_date=level)), VISITS)
    assert {s.column.name for s in found if not s.hidden} == shown
    why = {s.column.name: s.hidden for s in found if s.hidden}
    assert why["AGE"] == "permit.why-group" and why["PLACE"] == "permit.why-precision"


def test_ages_in_months_go_with_the_month_of_birth() -> None:
    for level, expected in (("none", "year"), ("month", "")):
        terms = replace(ASKED, columns={"VISITS": ("AGE",)}, precision=levels(birth_month=level))
        [age] = [s for s in shown_columns(terms, VISITS) if s.column.name == "AGE"]
        assert (age.level, age.hidden) == (expected, "")


# Dates that no precision cuts, and why.
UNCUT = {
    "FLX_DIS_DTD": "the flow's month; one of the nine join keys",
    "FLX_TRT_DTD": "the day of processing; one of the nine join keys: cut, rows of two services would join",
    "BEN_DTE_MAJ": "when a line of the register was last written, for whatever reason",
    "BEN_IDT_MAJ": "when the stable pseudonym became known",
}


def test_every_date_of_the_snds_is_cut_or_known_not_to_be() -> None:
    dates = {
        (t.name, c.name)
        for t in SNDS.tables.values()
        for c in t.columns
        if c.kind in (Kind.DATE, Kind.DATETIME)
        or any(w in c.label_fr.lower() for w in ("date ", "année", "mois"))
        if permits.category_of(c) is None and c.domain is None
    }
    told = {name for _, name in dates}
    not_dates = {
        "AGE_ANN": "an age", "ANN_IVG_PREC": "the year of an event before the stay", "DEL_REG_ENT": "a delay",
        "DAT_RET": "a check", "NAI_RET": "a check", "COH_NAI_RET": "a check", "NUM_DAT_AT_RET": "a check",
    }  # fmt: skip
    assert told - set(not_dates) == set(UNCUT)
