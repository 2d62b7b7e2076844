"""Stage 2: source pseudonyms become the hub's, and rows learn whose they are.

The work is done on vocabularies: each distinct identifier is keyed once, whatever the number of its rows.
"""

from collections.abc import Callable

import numpy as np

from egide.frame.frame import Coded, Frame
from egide.frame.keys import KeyHasher, KeyIndex
from egide.frame.persons import ALIVE, NOBODY, Identity, Link, Persons
from egide.frame.vocabulary import NULL, Vocabulary
from egide.model.table import Column, Domain, Table

PERSON_DOMAINS = {Domain.PSA, Domain.ANO, Domain.IDT, Domain.PROVIDER, Domain.STAGE1}
PSEUDONYM_CHARACTERS = 17  # of a FOIN pseudonym; BEN_IDT_ANO with one more is PSA and rank
IDT = "BEN_IDT_ANO"
NO_DEATH = -135140  # 1600-01-01 in days: the SNDS's way to say that no death is known

Pseudonymise = Callable[
    [list[str], str], list[bytes]
]  # values, domain -> 20 bytes each, under the stage-2 secret


class SecondStage:
    """Pseudonymises the frames of a delivery and assigns persons. Holds the identity table as it is learnt."""

    def __init__(self, pseudonymise: Pseudonymise, identity: Identity, persons: Persons) -> None:
        self.identity = identity
        self.persons = persons
        self.learnt = False
        self._pseudonymise = pseudonymise
        self._done: dict[int, tuple[Vocabulary, int]] = {}
        self._pairs: dict[int, _Pairs] = {}
        self._by_code: dict[int, np.ndarray] = {}
        self._deaths = np.empty(0, np.int64)
        self._unsure = np.empty(0, bool)
        self._shared: set[bytes] | None = None

    def apply(self, frame: Frame) -> None:
        """Replaces identifiers and sets `frame.persons` for tables that name their persons themselves."""
        rule = frame.table.person
        frame.persons = np.full(len(frame), NOBODY, np.int32)
        if not len(frame):  # what refused rows made known waits, in clear, for rows that hash and read it
            return
        keep = {"idt": rule.columns[0], "identity": IDT}.get(rule.by) if rule.columns else None
        originals = self._replace_identifiers(frame, keep)
        if rule.by == "identity":
            self._learn(frame, originals)
        elif rule.by == "psa":
            self._assign_by_psa(frame)
        elif rule.by == "idt":
            self._assign_by_idt(frame, originals)
        elif rule.by == "stage1":
            self._assign_by_stage1(frame)
        self._flag_after_death(frame)

    def through(
        self, frame: Frame, target: KeyIndex, hasher: KeyHasher, key: list[str], pending: bool
    ) -> None:
        """Finds the persons of rows that name none, by the key of their parent row."""
        if not len(frame):
            frame.persons = np.empty(0, np.int32)
            return
        hashes = hasher.rows([frame.columns[name] for name in key], frame.years())
        known, frame.persons = target.persons_of(hashes, frame.years())
        partial = np.logical_or.reduce([frame.columns[name].nulls() for name in key])
        known[partial], frame.persons[partial] = False, NOBODY
        if not pending:
            frame.flag("reference", key[0], ~known)
        frame.flag("ambiguous-person", key[0], self._are_unsure(frame.persons))
        if frame.keys is None:
            frame.keys = hashes

    def _replace_identifiers(self, frame: Frame, keep: str | None) -> list[str]:
        """Keys the vocabulary values met since last time. Returns the new raw values of column `keep`."""
        kept: list[str] = []
        for name, column in frame.columns.items():
            if not isinstance(column, Coded) or column.column.domain not in PERSON_DOMAINS:
                continue
            vocabulary = column.vocabulary
            since = self._done.get(id(vocabulary), (vocabulary, 1))[1]
            fresh = list(vocabulary.typed[since:])
            texts = [v for v in fresh if isinstance(v, str)]
            if name == keep:
                kept = ["" if v is None else str(v) for v in fresh]
            pseudonyms = iter(self._pseudonymise(texts, str(column.column.domain)))
            vocabulary.typed[since:] = [next(pseudonyms) if isinstance(v, str) else None for v in fresh]
            self._done[id(vocabulary)] = (vocabulary, len(vocabulary))
        return kept

    def _learn(self, frame: Frame, fresh_idts: list[str]) -> None:
        """IR_BEN_R says who is who: PSA and rank, ANO where known, BEN_IDT_ANO, death."""
        self.learnt = True
        psa, rank = (frame.columns[name] for name in frame.table.person.columns)
        ano, death = frame.columns.get("BEN_NIR_ANO"), frame.columns.get("BEN_DCD_DTE")
        deaths = death.numbers() if death is not None else np.full(len(frame), NO_DEATH)
        absent = death.nulls() if death is not None else np.ones(len(frame), bool)
        names = ano.texts() if ano is not None else [None] * len(frame)
        psas, ranks = psa.texts(), rank.numbers().tolist()
        persons = self._name_persons(names, psas, ranks)
        frame.persons = self.persons.numbers(persons)
        days = np.where(absent | (deaths <= NO_DEATH), ALIVE, deaths).tolist()
        pairs = [(_bytes(a_psa), a_rank) for a_psa, a_rank in zip(psas, ranks, strict=True)]
        for pair, person, day in zip(pairs, persons, days, strict=True):
            self.identity.add(Link(*pair, person, day))
        if isinstance(idt := frame.columns.get(IDT), Coded):
            for row in np.flatnonzero(self._by_idt(idt, fresh_idts) != frame.persons).tolist():
                if code := idt.codes[row]:
                    other = _bytes(idt.vocabulary.typed[code])
                    self.identity.add(Link(*pairs[row], persons[row], days[row], other))

    def _name_persons(self, anos: list[object], psas: list[object], ranks: list[int]) -> list[bytes]:
        named = [
            a.hex() if isinstance(a, bytes) else f"{_bytes(p).hex()}/{r}"
            for a, p, r in zip(anos, psas, ranks, strict=True)
        ]
        return self._pseudonymise(named, "person")

    def _assign_by_psa(self, frame: Frame) -> None:
        """By pseudonym and rank, one look-up for each pair not met before; without a rank only if it is unshared."""
        psa, *ranked = (frame.columns[name] for name in frame.table.person.columns)
        assert isinstance(psa, Coded)
        rank = ranked[0] if ranked else None
        assert rank is None or isinstance(rank, Coded)
        pairs = self._pairs.setdefault(id(psa.vocabulary), _Pairs())
        find = self._person_of_pair if ranked else self._person_of_psa
        found = pairs.look_up(psa, rank, find)
        frame.persons = pairs.person[found]
        empty = psa.nulls()
        frame.persons[empty] = NOBODY
        name = frame.table.person.columns[0]
        if len(self.identity):
            frame.flag("reference", name, pairs.missing[found] & ~empty)
        frame.flag("ambiguous-person", name, pairs.shared[found] & ~empty)

    def _person_of_pair(self, psa: bytes, rank: int) -> tuple[int, bool, bool]:
        person = self.identity.person(psa, rank)
        if person is None:
            [derived] = self._name_persons([None], [psa], [rank])
            return self._number(derived), True, False
        return self._number(person), False, False

    def _person_of_psa(self, psa: bytes, _rank: int) -> tuple[int, bool, bool]:
        person, shared = self.identity.only_person(psa)
        if person is None:
            [derived] = self._name_unsure([psa])
            return self._number(derived), not shared, shared
        return self._number(person), False, False

    def _name_unsure(self, psas: list[bytes]) -> list[bytes]:
        """Who a pseudonym without its rank names, as long as nobody can say which of its bearers it is."""
        return self._pseudonymise([f"{psa.hex()}/?" for psa in psas], "person")

    def _are_unsure(self, persons: np.ndarray) -> np.ndarray:
        """Whether each row's person, found through its parent row of this delivery or an earlier one, is unsure."""
        if self._shared is None:
            self._shared = set(self._name_unsure(self.identity.shared()))
        fresh = [self.persons.id_of(n) in self._shared for n in range(len(self._unsure), len(self.persons))]
        self._unsure = np.concatenate([self._unsure, np.array(fresh, bool)])
        return np.append(self._unsure, False)[persons]  # the last place is nobody's

    def _assign_by_idt(self, frame: Frame, fresh: list[str]) -> None:
        """BEN_IDT_ANO: an ANO, or a PSA and its rank in one more character."""
        name = frame.table.person.columns[0]
        column = frame.columns[name]
        assert isinstance(column, Coded)
        frame.persons = self._by_idt(column, fresh)
        if len(self.identity):
            everyone = self.identity.everyone()
            missing = np.fromiter(
                (
                    n >= 0 and self.persons.id_of(n) not in everyone
                    for n in self._by_code[id(column.vocabulary)]
                ),
                bool,
            )
            frame.flag("reference", name, missing[column.codes])

    def _by_idt(self, column: Coded, fresh: list[str]) -> np.ndarray:
        """The person of each row of a BEN_IDT_ANO column, `fresh` being its values met since last time."""
        at = id(column.vocabulary)
        known = self._by_code.get(at, np.full(1, NOBODY, np.int32))
        typed = column.vocabulary.typed[len(known) :]
        persons = [
            (self.identity.person_of_idt(_bytes(idt)) if idt is not None else None) or by_form
            for idt, by_form in zip(typed, self._persons_of_idts(fresh), strict=True)
        ]
        self._by_code[at] = np.concatenate([known, self.persons.numbers(persons)])
        return self._by_code[at][column.codes]

    def _persons_of_idts(self, raws: list[str]) -> list[bytes]:
        """Whom each BEN_IDT_ANO names by its form: an ANO, or a PSA and its rank in one more character."""
        ranked = [len(raw) == PSEUDONYM_CHARACTERS + 1 and raw[-1].isdigit() for raw in raws]
        with_rank = [raw for raw, yes in zip(raws, ranked, strict=True) if yes]
        psas = self._pseudonymise([raw[:-1] for raw in with_rank], str(Domain.PSA))
        anos = self._pseudonymise(
            [raw for raw, yes in zip(raws, ranked, strict=True) if not yes], str(Domain.ANO)
        )
        ranks = [int(raw[-1]) for raw in with_rank]
        named = self._name_persons([None] * len(psas), list(psas), ranks)
        by_pair = iter(
            self.identity.person(psa, rank) or name
            for psa, rank, name in zip(psas, ranks, named, strict=True)
        )
        by_ano = iter(self._name_persons(list(anos), [b""] * len(anos), [0] * len(anos)))
        return [next(by_pair if yes else by_ano) for yes in ranked]

    def _assign_by_stage1(self, frame: Frame) -> None:
        column = frame.columns[frame.table.person.columns[0]]
        assert isinstance(column, Coded)
        persons = list(column.vocabulary.typed)
        numbers = self.persons.numbers([_bytes(p) for p in persons[1:]])
        frame.persons = np.concatenate([[NOBODY], numbers]).astype(np.int32)[column.codes]

    def _flag_after_death(self, frame: Frame) -> None:
        column = _care_date(frame.table)
        if (
            column is None
            or frame.persons is None
            or column.name not in frame.columns
            or frame.table.person.by == "identity"
        ):
            return
        if len(self._deaths) < len(self.persons):
            start = len(self._deaths)
            fresh = [self.identity.death(self.persons.id_of(n)) for n in range(start, len(self.persons))]
            self._deaths = np.concatenate([self._deaths, np.array(fresh, np.int64)])
        date = frame.columns[column.name]
        days = date.numbers() // 86_400 if column.kind.value == "datetime" else date.numbers()
        death = (
            np.where(frame.persons >= 0, self._deaths[frame.persons], ALIVE) if len(self._deaths) else ALIVE
        )
        frame.flag("after-death", column.name, (days > death) & ~date.nulls())

    def _number(self, person: bytes) -> int:
        return int(self.persons.numbers([person])[0])


class _Pairs:
    """Persons by pseudonym and rank: a table over the codes of both, each cell found once."""

    def __init__(self) -> None:
        self._place = np.full((0, 1), -1, np.int32)
        self.person = np.empty(0, np.int32)
        self.missing = np.empty(0, bool)
        self.shared = np.empty(0, bool)

    def look_up(
        self, psa: Coded, rank: Coded | None, find: Callable[[bytes, int], tuple[int, bool, bool]]
    ) -> np.ndarray:
        """The place of each row's pair in `person`, `missing` and `shared`."""
        self._grow(len(psa.vocabulary), len(rank.vocabulary) if rank else 1)
        ranks = rank.codes if rank else np.zeros(len(psa.codes), np.int32)
        new = np.flatnonzero(self._place[psa.codes, ranks] < 0)
        if len(new):
            width = self._place.shape[1]
            pairs = np.unique(psa.codes[new].astype(np.int64) * width + ranks[new])
            rank_of = rank.vocabulary.typed if rank else [0]
            found = [
                (NOBODY, False, False)
                if code == NULL
                else find(_bytes(psa.vocabulary.typed[code]), _int(rank_of[r]))
                for code, r in zip((pairs // width).tolist(), (pairs % width).tolist(), strict=True)
            ]
            self._place[pairs // width, pairs % width] = np.arange(
                len(self.person), len(self.person) + len(pairs)
            )
            self.person = np.concatenate([self.person, np.array([f[0] for f in found], np.int32)])
            self.missing = np.concatenate([self.missing, np.array([f[1] for f in found], bool)])
            self.shared = np.concatenate([self.shared, np.array([f[2] for f in found], bool)])
        return self._place[psa.codes, ranks]

    def _grow(self, rows: int, columns: int) -> None:
        held_rows, held_columns = self._place.shape
        if held_rows >= rows and held_columns >= columns:
            return
        grown = np.full((max(rows, 2 * held_rows), max(columns, held_columns)), -1, np.int32)
        grown[:held_rows, :held_columns] = self._place
        self._place = grown


def _care_date(table: Table) -> Column | None:
    """The column that says when care was given, where the table has one."""
    if table.date is None:
        return None
    column = table.column(table.date)
    return column if any(t.startswith("potential_identifier:care_date") for t in column.tags) else None


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
