"""Who is who inside the hub: PERSON_ID, learnt from IR_BEN_R, and the links from source pseudonyms to it.

BEN_NIR_PSA changes in life and is shared by about one beneficiary in ten; BEN_NIR_ANO is stable once known. So a
person is named by the ANO where it is known, else by PSA and rank, and links are looked up, never guessed (DESIGN 5).
"""

from dataclasses import dataclass

import numpy as np

ID_BYTES = 20
NOBODY = -1
ALIVE = np.iinfo(np.int32).max  # day of death of whoever is not known to be dead


class Persons:
    """The persons met in a delivery, numbered. `ids` are the hub's 160-bit identifiers."""

    def __init__(self) -> None:
        self._number_of: dict[bytes, int] = {}
        self._ids = bytearray()
        self._table = np.empty((0, ID_BYTES), np.uint8)

    def __len__(self) -> int:
        return len(self._number_of)

    def numbers(self, ids: list[bytes]) -> np.ndarray:
        """The number of each person, new ones added."""
        return np.fromiter((self._number(i) for i in ids), np.int32, len(ids))

    def _number(self, person: bytes) -> int:
        known = self._number_of.get(person)
        if known is None:
            known = self._number_of[person] = len(self._number_of)
            self._ids += person
        return known

    @property
    def ids(self) -> np.ndarray:
        """All identifiers, one row of 20 bytes each."""
        if len(self._table) < len(self._number_of):
            self._table = np.frombuffer(bytes(self._ids), np.uint8).reshape(-1, ID_BYTES)
        return self._table

    def id_of(self, number: int) -> bytes:
        return bytes(self._ids[number * ID_BYTES : (number + 1) * ID_BYTES])


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the correspondence table: a source pseudonym and rank belong to a person."""

    psa: bytes
    rank: int
    person: bytes
    death: int  # days since 1970-01-01, ALIVE when none is known
    idt: bytes = b""  # the register's BEN_IDT_ANO where its form alone would not lead to this person


class Identity:
    """The correspondence table of a hub, in memory for the time of a delivery."""

    def __init__(self) -> None:
        self._by_pair: dict[tuple[bytes, int], bytes] = {}
        self._by_psa: dict[bytes, bytes | None] = {}  # None: shared by several persons
        self._by_idt: dict[bytes, bytes | None] = {}
        self._idt_of: dict[tuple[bytes, int], bytes] = {}
        self._deaths: dict[bytes, int] = {}
        self._everyone: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._by_pair)

    def add(self, link: Link) -> None:
        self._by_pair[link.psa, link.rank] = link.person
        self._everyone.add(link.person)
        only = self._by_psa.setdefault(link.psa, link.person)
        if only != link.person:
            self._by_psa[link.psa] = None
        if link.idt:
            self._idt_of[link.psa, link.rank] = link.idt
            if self._by_idt.setdefault(link.idt, link.person) != link.person:
                self._by_idt[link.idt] = None
        if link.death != ALIVE:
            self._deaths[link.person] = min(link.death, self._deaths.get(link.person, ALIVE))

    def person(self, psa: bytes, rank: int) -> bytes | None:
        return self._by_pair.get((psa, rank))

    def only_person(self, psa: bytes) -> tuple[bytes | None, bool]:
        """The person of a pseudonym given without its rank, and whether it is shared (then nobody is named)."""
        person = self._by_psa.get(psa)
        return person, psa in self._by_psa and person is None

    def person_of_idt(self, idt: bytes) -> bytes | None:
        """Whom the register says a BEN_IDT_ANO names, where its form does not; None too when it names several."""
        return self._by_idt.get(idt)

    def shared(self) -> list[bytes]:
        """The pseudonyms that several persons bear."""
        return [psa for psa, person in self._by_psa.items() if person is None]

    def everyone(self) -> set[bytes]:
        return self._everyone

    def death(self, person: bytes) -> int:
        return self._deaths.get(person, ALIVE)

    def links(self) -> list[Link]:
        return [
            Link(*pair, person, self.death(person), self._idt_of.get(pair, b""))
            for pair, person in self._by_pair.items()
        ]
