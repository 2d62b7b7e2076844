"""What becomes of each row that a holder delivers."""

import pytest
from support.spec import IntakeSpec, drawn, file_of

from egide.model.errors import Denied

title = "What becomes of each row"


def test_a_value_of_the_wrong_type_or_too_wide_sends_its_row_to_quarantine(spec: IntakeSpec) -> None:
    spec(
        HOSPITAL_STAYS="""
        ENTRY_DATE | SEX | BIRTH_YEAR | CREATININE | becomes
        31/01/2019 | 1   | 1950       | 80.5       | kept
        2019-01-31 | 1   | 1950       | 80.5       | refused, type ENTRY_DATE
        29/02/2019 | 1   | 1950       | 80.5       | refused, type ENTRY_DATE
        29/02/2020 | 1   | 1950       | 80.5       | kept
        31/01/2019 | one | 1950       | 80.5       | refused, type SEX
        31/01/2019 | 1   | 19500      | 80.5       | refused, width BIRTH_YEAR
        31/01/2019 | 1   | 1950       | 80,5       | refused, type CREATININE
        31/01/2019 | 1   | 1950       | 80.55      | refused, type CREATININE
        31/01/2019 | 1   | 1950       | -0.5       | kept
                   |     |            |            | kept
        """
    )


def test_a_row_is_known_by_its_key(spec: IntakeSpec) -> None:
    spec(
        HOSPITAL_STAYS="""
        STAY_NUM | UNIT | becomes
        A        | 1    | kept
        B        | 1    | kept
        A        | 2    | refused, duplicate-key STAY_NUM
                 | 1    | refused, null-key STAY_NUM
        """
    )


def test_the_key_of_a_refused_row_is_still_free(spec: IntakeSpec) -> None:
    spec(
        HOSPITAL_STAYS="""
        STAY_NUM | UNIT  | becomes
        A        | wrong | refused, width UNIT
        A        | 2     | kept
        """
    )


def test_a_code_that_no_list_holds_is_flagged_and_kept(spec: IntakeSpec) -> None:
    spec(
        HOSPITAL_STAYS="""
        SEX | MAIN_DIAGNOSIS | becomes
        1   | I10            | kept
        7   | I10            | kept, unknown-code SEX
        1   | ZZZ999         | kept, unknown-code MAIN_DIAGNOSIS
        7   | ZZZ999         | kept, unknown-code SEX, unknown-code MAIN_DIAGNOSIS
            |                | kept
        """
    )


def test_a_holder_s_agreement_may_make_a_rule_stricter(spec: IntakeSpec) -> None:
    spec.afresh(promoted={"unknown-code": "refuse"})(
        HOSPITAL_STAYS="""
        SEX | becomes
        1   | kept
        7   | refused, unknown-code SEX
        """
    )


def test_lines_that_are_no_rows_are_counted_too(spec: IntakeSpec) -> None:
    data = file_of("HOSPITAL_STAYS", drawn("UNIT\n1\n2"))
    report = spec.deliver(
        {"a.csv": ("HOSPITAL_STAYS", data + b"\nS9;P9\nS9;P9;01/02/2019;1;1\nS9;P9;\x0001/02/2019;1\n")}
    )
    [tally] = report.tables.values()
    assert (tally.rows_in, tally.accepted, tally.quarantined) == (6, 2, 4)
    assert {rule: n for (rule, _), n in tally.rules.items()} == {"blank-line": 1, "columns": 2, "encoding": 1}


def test_what_the_dialect_calls_absent_is_absent(spec: IntakeSpec) -> None:
    spec(
        dialect={"delimiter": "\t", "dates": "yyyy-MM-dd", "null": "NA"},
        HOSPITAL_STAYS="""
        EXIT_DATE  | SEX | UNIT | becomes
        2019-01-31 | NA  | NA   | kept
        31/01/2019 | 1   | 1    | refused, type EXIT_DATE
        NA         |     |      | kept
        """,
    )
    assert spec.rows("HOSPITAL_STAYS", "SEX", "UNIT") == [(None, None)] * 2


def test_what_is_accepted_reads_back_as_it_was_written(spec: IntakeSpec) -> None:
    spec(
        HOSPITAL_STAYS="""
        STAY_NUM | UNIT | DEPARTMENT
        007      | 0001 | 02A
        7        | é    |
        """
    )
    assert spec.rows("HOSPITAL_STAYS", "STAY_NUM", "UNIT", "DEPARTMENT") == [
        ("007", "0001", "02A"),
        ("7", "é", None),
    ]


def test_a_delivery_over_the_agreed_share_of_refusals_is_refused_whole(spec: IntakeSpec) -> None:
    strict = spec.afresh(threshold="0.25")
    with pytest.raises(Denied) as refused:
        strict(HOSPITAL_STAYS="UNIT\n1\nwrong\nwrong\n2")
    assert refused.value.key == "delivery.threshold"
    strict(HOSPITAL_STAYS="UNIT  | becomes\n1 | kept\nwrong | refused, width UNIT\n2 | kept\n3 | kept")


def test_all_rows_refused_where_that_was_agreed(spec: IntakeSpec) -> None:
    spec(HOSPITAL_STAYS="UNIT | becomes\nwrong | refused, width UNIT\nlarge | refused, width UNIT")
    assert spec.rows("HOSPITAL_STAYS", "UNIT") == []


def test_a_file_without_rows_is_a_delivery_without_rows(spec: IntakeSpec) -> None:
    report = spec.deliver({"a.csv": ("HOSPITAL_STAYS", b"STAY_NUM;PERSON_PSEUDONYM;EXIT_DATE\n")})
    assert (report.verdict, report.total("rows_in"), report.total("accepted")) == ("accepted", 0, 0)
    assert spec.rows("HOSPITAL_STAYS", "UNIT") == []


def test_two_files_of_a_table_may_differ_in_columns_and_dialect(spec: IntakeSpec) -> None:
    one = b"STAY_NUM;PERSON_PSEUDONYM;EXIT_DATE;UNIT\nA;p;01/02/2019;1\n"
    two = b"EXIT_DATE;STAY_NUM;PERSON_PSEUDONYM;SEX\r\n02/02/2019;B;p;2\r\n02/02/2019;A;p;2"
    report = spec.deliver({"1.csv": ("HOSPITAL_STAYS", one), "2.csv": ("HOSPITAL_STAYS", two)})
    assert spec.rows("HOSPITAL_STAYS", "STAY_NUM", "UNIT", "SEX") == [("A", "1", None), ("B", None, 2)]
    assert [(f["file"], f["accepted"], f["quarantined"]) for f in report.files] == [
        ("1.csv", 1, 0),
        ("2.csv", 1, 1),
    ]


def test_an_example_that_says_otherwise_fails(spec: IntakeSpec) -> None:
    for wrong in ("kept", "refused, type UNIT", "kept, width UNIT"):
        with pytest.raises(AssertionError):
            spec.afresh()(HOSPITAL_STAYS=f"UNIT | becomes\nwrong | {wrong}")
    with pytest.raises(AssertionError):
        spec.afresh()(HOSPITAL_STAYS="SEX | becomes\n7 | kept")
