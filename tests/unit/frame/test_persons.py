"""Links are looked up, never guessed."""

import numpy as np

from egide.frame.persons import ALIVE, Identity, Link, Persons

A, B = b"A" * 20, b"B" * 20


def test_persons_are_numbered_in_the_order_in_which_they_are_met() -> None:
    persons = Persons()
    assert persons.numbers([A, B, A]).tolist() == [0, 1, 0]
    assert persons.ids.shape == (2, 20)
    assert persons.numbers([b"C" * 20]).tolist() == [2]
    assert [persons.id_of(n) for n in range(3)] == [A, B, b"C" * 20]
    assert persons.ids[2].tobytes() == b"C" * 20
    assert len(persons) == 3


def test_nobody_at_all_is_an_empty_table_of_identifiers() -> None:
    assert Persons().ids.shape == (0, 20)
    assert Persons().numbers([]).dtype == np.int32


def test_a_pseudonym_borne_by_two_persons_names_neither_without_its_rank() -> None:
    known = Identity()
    known.add(Link(b"p", 1, A, ALIVE))
    assert known.only_person(b"p") == (A, False)
    known.add(Link(b"p", 2, B, ALIVE))
    assert known.only_person(b"p") == (None, True)
    assert (known.person(b"p", 1), known.person(b"p", 2), known.person(b"p", 3)) == (A, B, None)
    assert known.shared() == [b"p"]
    known.add(Link(b"p", 1, A, ALIVE))
    assert known.shared() == [b"p"]
    assert known.only_person(b"q") == (None, False)


def test_one_person_under_two_pseudonyms_is_one_person() -> None:
    known = Identity()
    known.add(Link(b"p", 1, A, 10))
    known.add(Link(b"q", 12, A, ALIVE))
    assert known.only_person(b"q") == (A, False)
    assert known.death(A) == 10
    known.add(Link(b"q", 12, A, 7))
    assert known.death(A) == 7
    assert known.everyone() == {A} and len(known) == 2


def test_an_identifier_that_two_persons_were_given_names_nobody() -> None:
    known = Identity()
    known.add(Link(b"p", 1, A, ALIVE, b"i"))
    assert known.person_of_idt(b"i") == A
    known.add(Link(b"q", 1, B, ALIVE, b"i"))
    assert known.person_of_idt(b"i") is None


def test_links_are_written_as_they_were_learnt() -> None:
    known, again = Identity(), Identity()
    for link in (Link(b"p", 1, A, 5), Link(b"p", 2, B, ALIVE, b"i"), Link(b"q", 10, A, ALIVE)):
        known.add(link)
    for link in known.links():
        again.add(link)
    assert set(again.links()) == set(known.links())
    assert again.death(A) == 5
