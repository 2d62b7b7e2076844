"""Whose rows they are: links are looked up, never guessed."""

from support.spec import IntakeSpec

title = "Whose rows they are"
ANO = ["A" * 17, "B" * 17, "C" * 17]
REGISTER = f"""
BEN_NIR_PSA | BEN_RNG_GEM | BEN_NIR_ANO | BEN_DCD_DTE
one         | 1           | {ANO[0]}    | 01/01/1600
shared      | 1           | {ANO[1]}    | 15/01/2019
shared      | 2           | {ANO[2]}    |
later       | 1           | {ANO[0]}    |
"""


def test_one_person_under_two_pseudonyms_is_one_person(spec: IntakeSpec) -> None:
    spec(
        IR_BEN_R=REGISTER,
        ER_PRS_F="""
        BEN_NIR_PSA | BEN_RNG_GEM | PRS_ORD_NUM
        one         | 1           | 1
        later       | 1           | 2
        shared      | 1           | 3
        shared      | 2           | 4
        """,
    )
    whose = spec.persons("ER_PRS_F", "PRS_ORD_NUM")
    assert whose[1] == whose[2]
    assert len({whose[1], whose[3], whose[4]}) == 3


def test_who_is_not_in_the_register_is_flagged(spec: IntakeSpec) -> None:
    spec(
        IR_BEN_R=REGISTER,
        ER_PRS_F="""
        BEN_NIR_PSA | BEN_RNG_GEM | becomes
        one         | 1           | kept
        one         | 2           | kept, reference BEN_NIR_PSA
        one         | 12          | kept, unknown-code BEN_RNG_GEM, reference BEN_NIR_PSA
        nobody      | 1           | kept, reference BEN_NIR_PSA
        """,
    )


def test_before_any_register_came_nobody_is_missing_from_it(spec: IntakeSpec) -> None:
    spec(ER_PRS_F="BEN_NIR_PSA | becomes\nanybody | kept")
    assert spec.report is not None
    assert [(n["note"], n["to"]) for n in spec.report.notes] == [("pending-reference", "IR_BEN_R")]


def test_a_shared_pseudonym_without_its_rank_names_nobody(spec: IntakeSpec) -> None:
    """Hospital stays give no rank. One pseudonym in ten is shared."""
    spec(
        IR_BEN_R=REGISTER,
        T_MCOaaC="""
        NIR_ANO_17 | RSA_NUM | becomes
        one        | 1       | kept
        shared     | 2       | kept, ambiguous-person NIR_ANO_17
        nobody     | 3       | kept, reference NIR_ANO_17
                   | 4       | kept
        """,
        T_MCOaaB="""
        RSA_NUM | becomes
        1       | kept
        2       | kept, ambiguous-person ETA_NUM
        4       | kept
        5       | kept, reference ETA_NUM
        """,
    )
    whose = spec.persons("T_MCOaaB", "RSA_NUM")
    assert whose["1"] == spec.persons("T_MCOaaC", "RSA_NUM")["1"]
    assert whose["4"] is whose["5"] is None


def test_care_after_death_is_normal_and_flagged(spec: IntakeSpec) -> None:
    spec(
        IR_BEN_R=REGISTER,
        ER_PRS_F="""
        BEN_NIR_PSA | BEN_RNG_GEM | EXE_SOI_DTD | becomes
        shared      | 1           | 15/01/2019  | kept
        shared      | 1           | 16/01/2019  | kept, after-death EXE_SOI_DTD
        shared      | 2           | 16/01/2019  | kept
        one         | 1           | 16/01/2019  | kept
        shared      | 1           |             | kept
        """,
    )


def test_drugs_find_their_person_by_the_nine_keys_of_their_service(spec: IntakeSpec) -> None:
    spec(
        IR_BEN_R=REGISTER,
        ER_PRS_F="BEN_NIR_PSA | PRS_ORD_NUM\none | 1\nshared | 0",
        ER_PHA_F="""
        PRS_ORD_NUM | PHA_ACT_QSN | becomes
        1           | 1           | kept
        0           | 2           | kept
        3           | 3           | kept, reference DCT_ORD_NUM
                    | 4           | kept, reference DCT_ORD_NUM
        """,
    )
    services, drugs = spec.persons("ER_PRS_F", "PRS_ORD_NUM"), spec.persons("ER_PHA_F", "PHA_ACT_QSN")
    assert [drugs[n] for n in (1, 2, 3, 4)] == [services[1], services[0], None, None]


def test_drugs_that_come_before_any_service_are_kept_and_wait(spec: IntakeSpec) -> None:
    spec(ER_PHA_F="PRS_ORD_NUM | PHA_ACT_QSN | becomes\n1 | 1 | kept\n2 | 2 | kept")
    assert set(spec.persons("ER_PHA_F", "PHA_ACT_QSN").values()) == {None}


def test_the_dead_are_known_by_either_form_of_their_identifier(spec: IntakeSpec) -> None:
    psa = "P" * 17
    spec(
        IR_BEN_R=f"BEN_NIR_PSA | BEN_NIR_ANO\n{psa} |\none | {ANO[0]}",
        KI_CCI_R=f"""
        BEN_IDT_ANO | DCD_IDT_ENC | becomes
        {psa}1      | a           | kept
        {ANO[0]}    | b           | kept
        {psa}2      | c           | kept, reference BEN_IDT_ANO
        {ANO[1]}    | d           | kept, reference BEN_IDT_ANO
        """,
        ER_PRS_F=f"BEN_NIR_PSA | PRS_ORD_NUM\n{psa} | 1\none | 2",
    )
    dead, alive = spec.persons("KI_CCI_R", "DCD_IDT_ENC"), spec.persons("ER_PRS_F", "PRS_ORD_NUM")
    assert (dead["a"], dead["b"]) == (alive[1], alive[2])


def test_a_file_of_refused_rows_spoils_nothing_for_the_next(spec: IntakeSpec) -> None:
    head = b"BEN_NIR_PSA;BEN_RNG_GEM;BEN_IDT_ANO\n"
    broken, good = (head + b"".join(f"{p};{r};{p * 17}\n".encode() for p in "xyz") for r in ("?", "1"))
    report = spec.deliver({"1.csv": ("IR_BEN_R", broken), "2.csv": ("IR_BEN_R", good)})
    assert {rule: n for (rule, _), n in report.tables["IR_BEN_R"].rules.items()} == {"type": 3}
    assert report.total("accepted") == 3
