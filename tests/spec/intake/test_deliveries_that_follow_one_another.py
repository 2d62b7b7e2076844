"""Deliveries that follow one another: added, unchanged, replaced, refreshed."""

import pytest
from support.spec import IntakeSpec

from egide.model.errors import Denied

title = "Deliveries that follow one another"


def stays(spec: IntakeSpec) -> list[tuple[object, ...]]:
    return spec.rows("HOSPITAL_STAYS", "STAY_NUM", "UNIT")


def test_a_later_delivery_adds_its_rows(spec: IntakeSpec) -> None:
    spec(HOSPITAL_STAYS="STAY_NUM | UNIT\nA | 1")
    spec(HOSPITAL_STAYS="STAY_NUM | UNIT | becomes\nA | 2 | refused, duplicate-key STAY_NUM\nB | 2 | kept")
    assert stays(spec) == [("A", "1"), ("B", "2")]


def test_the_same_delivery_twice_changes_nothing(spec: IntakeSpec) -> None:
    spec(HOSPITAL_STAYS="STAY_NUM | UNIT\nA | 1", id="again")
    first = spec.report
    spec(HOSPITAL_STAYS="STAY_NUM | UNIT\nA | 1", id="again")
    assert first is not None and spec.report is not None
    assert (spec.report.verdict, spec.report.snapshot) == ("unchanged", first.snapshot)


def test_one_name_for_two_contents_is_refused(spec: IntakeSpec) -> None:
    spec(HOSPITAL_STAYS="STAY_NUM | UNIT\nA | 1", id="twice")
    with pytest.raises(Denied) as refused:
        spec(HOSPITAL_STAYS="STAY_NUM | UNIT\nA | 2", id="twice")
    assert refused.value.key == "delivery.other-content"


def test_a_correction_takes_the_place_of_what_it_corrects(spec: IntakeSpec) -> None:
    spec(HOSPITAL_STAYS="STAY_NUM | UNIT\nA | 1\nB | 1", id="first")
    spec(HOSPITAL_STAYS="STAY_NUM | UNIT\nC | 1", id="second")
    spec(
        HOSPITAL_STAYS="STAY_NUM | UNIT | becomes\nA | 9 | kept\nC | 9 | refused, duplicate-key STAY_NUM",
        replaces="first",
    )
    assert stays(spec) == [("A", "9"), ("C", "1")]


def test_only_what_is_held_can_be_corrected(spec: IntakeSpec) -> None:
    with pytest.raises(Denied) as refused:
        spec(HOSPITAL_STAYS="STAY_NUM | UNIT\nA | 1", replaces="nothing")
    assert refused.value.key == "delivery.replaces-unknown"


def test_a_register_is_delivered_whole_each_time_and_links_once_learnt_stay(spec: IntakeSpec) -> None:
    spec(IR_BEN_R="BEN_NIR_PSA | BEN_RES_DPT\nold | 075\nstays | 075", ER_PRS_F="BEN_NIR_PSA\nold")
    spec(IR_BEN_R="BEN_NIR_PSA | BEN_RES_DPT\nstays | 013\nnew | 013")
    assert spec.rows("IR_BEN_R", "BEN_RES_DPT") == [("013",)] * 2
    spec(
        ER_PRS_F="BEN_NIR_PSA | DCT_ORD_NUM | PRS_ORD_NUM | becomes\nnew | 9 | 91 | kept\nold | 9 | 92 | kept"
    )


def test_years_of_one_table_stand_apart(spec: IntakeSpec) -> None:
    spec(
        HOSPITAL_STAYS="""
        STAY_NUM | EXIT_DATE  | becomes
        A        | 31/12/2018 | kept
        A        | 01/01/2019 | kept
        A        | 01/06/2019 | refused, duplicate-key STAY_NUM
        """
    )
