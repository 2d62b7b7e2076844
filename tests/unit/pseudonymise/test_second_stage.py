"""Stage 2 on small tables: whose each row is, and what is flagged of it."""

from hashlib import sha256

import numpy as np
import pytest
from support.tiny import checker_of, frames_of, integer, small_blocks, table, text

from egide.frame.frame import Coded, Frame
from egide.frame.persons import ALIVE, NOBODY, Identity, Link, Persons
from egide.model.table import Column, Domain, Kind, PersonRule, Table
from egide.stages.check import TableChecker
from egide.stages.pseudonymise import SecondStage

PSA, ANO, IDT = (
    text(n, 18, domain=d)
    for n, d in (("PSA", Domain.PSA), ("BEN_NIR_ANO", Domain.ANO), ("BEN_IDT_ANO", Domain.IDT))
)
RANK, DEATH = integer("RANK"), Column("BEN_DCD_DTE", Kind.DATE)
CARE = Column("CARE", Kind.DATE, tags=("potential_identifier:care_date",))
REGISTER = table(
    PSA,
    RANK,
    ANO,
    IDT,
    DEATH,
    name="REGISTER",
    key=("PSA", "RANK"),
    person=PersonRule("identity", ("PSA", "RANK")),
)
SERVICES = table(PSA, RANK, CARE, name="SERVICES", person=PersonRule("psa", ("PSA", "RANK")), date="CARE")
STAYS = table(text("STAY"), PSA, text("T"), name="STAYS", key=("STAY",), person=PersonRule("psa", ("PSA",)))
CAUSES = table(IDT, text("T", 3), name="CAUSES", person=PersonRule("idt", ("BEN_IDT_ANO",)))
ANOS = [f"{n}" * 17 for n in "ABC"]


def keyed(values: list[str], domain: str) -> list[bytes]:
    """Any one-way function will do: what matters is which values it is given, under which domain."""
    return [sha256(f"{domain}|{v}".encode()).digest()[:20] for v in values]


def named(value: bytes | str) -> bytes:
    return keyed([value.hex() if isinstance(value, bytes) else value], "person")[0]


def ano_person(ano: str) -> bytes:
    return named(keyed([ano], "ano")[0])


def pair_person(psa: str, rank: object) -> bytes:
    return named(f"{keyed([psa], 'psa')[0].hex()}/{rank}")


class Way:
    """A delivery's way through checks and stage 2."""

    def __init__(self, identity: Identity | None = None) -> None:
        self.stage2 = SecondStage(keyed, identity or Identity(), Persons())
        self.checkers: dict[str, TableChecker] = {}

    def take(self, of: Table, *lines: str) -> list[Frame]:
        checker = self.checkers.setdefault(of.name, checker_of(of))
        frames = []
        header = ";".join(c.name for c in of.columns)
        for frame in frames_of(checker, "\n".join([header, *lines, ""]).encode()):
            self.stage2.apply(frame)
            frames.append(frame)
        return frames

    def persons(self, frames: list[Frame]) -> list[bytes | None]:
        numbers = [n for f in frames for n in (f.persons if f.persons is not None else []).tolist()]
        return [None if n == NOBODY else self.stage2.persons.id_of(n) for n in numbers]


def flags(frames: list[Frame]) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = {}
    for frame in frames:
        for (rule, _), rows in frame.flags.items():
            found.setdefault(rule, []).extend(rows.tolist())
    return found


def test_a_person_is_named_by_the_stable_pseudonym_where_it_is_known_else_by_pair() -> None:
    way = Way()
    frames = way.take(REGISTER, f"p;1;{ANOS[0]};;", "q;1;;;", f"r;12;{ANOS[0]};;")
    assert way.persons(frames) == [ano_person(ANOS[0]), pair_person("q", 1), ano_person(ANOS[0])]


def test_identifiers_become_pseudonyms_of_their_domain_and_absence_stays() -> None:
    way = Way()
    [frame] = way.take(REGISTER, f"p;1;{ANOS[0]};{ANOS[0]};", "q;1;;;")
    columns = {n: c.texts() for n, c in frame.columns.items()}
    assert columns["PSA"] == keyed(["p", "q"], "psa")
    assert columns["BEN_NIR_ANO"] == [*keyed([ANOS[0]], "ano"), None]
    assert columns["BEN_IDT_ANO"] == [*keyed([ANOS[0]], "idt"), None]


def test_services_find_their_person_by_pair() -> None:
    way = Way()
    way.take(REGISTER, f"p;1;{ANOS[0]};;", f"p;2;{ANOS[1]};;")
    frames = way.take(SERVICES, "p;2;", "p;1;", "p;3;", "s;1;", ";1;")
    assert way.persons(frames) == [
        ano_person(ANOS[1]),
        ano_person(ANOS[0]),
        pair_person("p", 3),
        pair_person("s", 1),
        None,
    ]
    assert flags(frames) == {"reference": [False, False, True, True, False]}


def test_ranks_above_nine_and_ranks_left_out_are_pairs_of_their_own() -> None:
    way = Way()
    way.take(REGISTER, f"p;1;{ANOS[0]};;", f"p;12;{ANOS[1]};;")
    frames = way.take(SERVICES, "p;12;", "p;1;", "p;;", "p;2;")
    found = way.persons(frames)
    assert found[:2] == [ano_person(ANOS[1]), ano_person(ANOS[0])]
    assert len(set(found)) == 4 and None not in found
    assert flags(frames)["reference"] == [False, False, True, True]


def test_nothing_is_flagged_as_absent_before_any_register_came() -> None:
    assert flags(Way().take(SERVICES, "p;1;")) == {}


def test_without_a_rank_a_pseudonym_names_whom_it_names_alone() -> None:
    way = Way()
    way.take(REGISTER, f"p;1;{ANOS[0]};;", f"q;1;{ANOS[1]};;", f"q;2;{ANOS[2]};;")
    frames = way.take(STAYS, "1;p;", "2;q;", "3;z;", "4;;")
    assert way.persons(frames) == [ano_person(ANOS[0]), pair_person("q", "?"), pair_person("z", "?"), None]
    assert flags(frames) == {
        "ambiguous-person": [False, True, False, False],
        "reference": [False, False, True, False],
    }


def test_an_identifier_of_two_forms_leads_to_one_person() -> None:
    way = Way()
    way.take(REGISTER, f"{'P' * 17};1;;;", f"{'Q' * 17};1;{ANOS[0]};;")
    frames = way.take(
        CAUSES, f"{'P' * 17}1;", f"{ANOS[0]};", f"{'Q' * 17}1;", f"{'R' * 17}1;", f"{ANOS[1]};", ";"
    )
    assert way.persons(frames) == [
        pair_person("P" * 17, 1), ano_person(ANOS[0]), ano_person(ANOS[0]), pair_person("R" * 17, 1), ano_person(ANOS[1]), None,
    ]  # fmt: skip
    assert flags(frames)["reference"] == [False, False, False, True, True, False]


def test_what_the_register_says_of_an_identifier_comes_before_its_form() -> None:
    way = Way()
    way.take(REGISTER, f"p;1;{ANOS[0]};{ANOS[1]};")
    frames = way.take(CAUSES, f"{ANOS[1]};")
    assert way.persons(frames) == [ano_person(ANOS[0])]


def test_a_link_learnt_before_is_known_in_the_next_delivery() -> None:
    first = Way()
    first.take(REGISTER, f"p;1;{ANOS[0]};;02/01/1970")
    again = Identity()
    for link in first.stage2.identity.links():
        again.add(link)
    way = Way(again)
    frames = way.take(SERVICES, "p;1;03/01/1970", "p;1;02/01/1970", "p;1;")
    assert way.persons(frames) == [ano_person(ANOS[0])] * 3
    assert flags(frames) == {"after-death": [True, False, False]}


def test_the_date_that_says_no_death_is_no_death() -> None:
    way = Way()
    way.take(REGISTER, "p;1;;;01/01/1600", "q;1;;;", "r;1;;;31/12/1599", "s;1;;;02/01/1600")
    assert {link.death for link in way.stage2.identity.links() if link.psa != keyed(["s"], "psa")[0]} == {
        ALIVE
    }
    assert flags(way.take(SERVICES, "p;1;01/01/2019", "q;1;01/01/2019", "s;1;01/01/2019")) == {
        "after-death": [False, False, True]
    }


def test_two_files_of_two_dialects_share_persons_not_words() -> None:
    way = Way()
    way.take(REGISTER, f"p;1;{ANOS[0]};;")
    frames = way.take(SERVICES, "p;1;")
    checker = way.checkers["SERVICES"]
    from egide.model.delivery import Dialect

    other = frames_of(
        checker, b"PSA,RANK,CARE\np,1,2019-01-02\nNA,1,NA\n", Dialect(",", "utf-8", "yyyy-MM-dd", "NA")
    )
    for frame in other:
        way.stage2.apply(frame)
    assert way.persons([*frames, *other]) == [ano_person(ANOS[0])] * 2 + [None]
    one, two = (f.columns["PSA"] for f in (*frames, *other))
    assert isinstance(one, Coded) and isinstance(two, Coded) and one.vocabulary is not two.vocabulary


def test_a_table_that_is_not_about_persons_belongs_to_nobody() -> None:
    way = Way()
    frames = way.take(table(text("A"), text("B"), name="PLACES"), "x;y")
    assert way.persons(frames) == [None]


@pytest.mark.parametrize("of", [REGISTER, CAUSES], ids=["register", "causes"])
def test_a_block_of_nothing_but_refused_rows_changes_nothing_for_those_after_it(
    monkeypatch: pytest.MonkeyPatch, of: Table
) -> None:
    """Their values are met there first: what was learnt of them must serve the good rows that follow."""
    broken, good = {
        "REGISTER": (
            ["p;x;;;", "q;x;;;", "r;x;;;"],
            [f"p;1;{ANOS[0]};;", f"q;1;{ANOS[1]};;", f"r;1;;{ANOS[2]};"],
        ),
        "CAUSES": ([f"{a};long" for a in ANOS], [f"{a};" for a in ANOS]),
    }[of.name]
    small_blocks(monkeypatch, len("\n".join([*broken, ""])))
    whole, cut = Way(), Way()
    expected = whole.persons(whole.take(of, *good))
    frames = cut.take(of, *broken, *good)
    assert not len(frames[0]) and sum(map(len, frames)) == 3
    assert not [r for f in frames for r in f.refusals if r.rule == "duplicate-key"]
    assert cut.persons(frames) == expected


PARENT = table(
    text("STAY"),
    integer("LINE"),
    PSA,
    name="PARENT",
    key=("STAY", "LINE"),
    person=PersonRule("psa", ("PSA",)),
)
CHILD = table(
    text("STAY"),
    integer("LINE"),
    text("V"),
    name="CHILD",
    person=PersonRule("through", ("STAY", "LINE"), "PARENT"),
)


def through(way: Way, *lines: str, pending: bool = False) -> list[Frame]:
    parent = way.checkers["PARENT"]
    frames = way.take(CHILD, *lines)
    for frame in frames:
        way.stage2.through(frame, parent.index, parent.hasher, ["STAY", "LINE"], pending)
    return frames


def parents(way: Way, *lines: str) -> None:
    checker = way.checkers["PARENT"] = checker_of(PARENT)
    header = ";".join(c.name for c in PARENT.columns)
    for frame in checker.frames(*_file("\n".join([header, *lines, ""]))):
        way.stage2.apply(frame)
        assert frame.keys is not None and frame.persons is not None
        checker.index.add(frame.keys, frame.persons, frame.years())


def _file(content: str) -> tuple[object, object, dict[str, Column]]:
    import io

    from support.tiny import delivered

    return io.BytesIO(content.encode()), delivered(b""), {c.name: c for c in PARENT.columns}


def test_rows_that_name_no_person_find_one_by_their_parent_s_key() -> None:
    way = Way()
    parents(way, "a;1;p", "a;2;q", "b;0;p")
    frames = through(way, "a;2;x", "a;1;y", "c;1;z", "b;00;w")
    assert way.persons(frames) == [pair_person("q", "?"), pair_person("p", "?"), None, pair_person("p", "?")]
    assert flags(frames)["reference"] == [False, False, True, False]


def test_while_the_parents_are_pending_nothing_is_held_against_their_children() -> None:
    way = Way()
    parents(way)
    frames = through(way, "a;1;x", pending=True)
    assert way.persons(frames) == [None] and flags(frames) == {}


def test_a_key_with_a_part_left_out_leads_to_nobody() -> None:
    way = Way()
    parents(way, "a;0;p")
    frames = through(way, "a;;x", ";0;y", "a;0;z")
    assert way.persons(frames) == [None, None, pair_person("p", "?")]
    assert flags(frames)["reference"] == [True, True, False]


def test_a_child_of_an_unsure_person_is_as_unsure() -> None:
    known = Identity()
    known.add(Link(keyed(["q"], "psa")[0], 1, b"1" * 20, ALIVE))
    known.add(Link(keyed(["q"], "psa")[0], 2, b"2" * 20, ALIVE))
    way = Way(known)
    parents(way, "a;1;q", "a;2;p")
    assert flags(through(way, "a;1;x", "a;2;y"))["ambiguous-person"] == [True, False]


def test_persons_are_numbers_of_thirty_two_bits() -> None:
    way = Way()
    for frame in [*way.take(REGISTER, "p;1;;;"), *way.take(SERVICES, "p;1;"), *way.take(STAYS, "1;p;")]:
        assert frame.persons is not None and frame.persons.dtype == np.int32
