"""Invented persons, a block at a time: birth, sex, illnesses, death, and the identifiers that the SNDS gives them.

The identifiers behave as the real ones do (DESIGN 5): the PSA changes in life for some, about one person in ten
shares it with a twin, and a few have no ANO yet, so that they are named by PSA and rank.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa

from egide.synth.cells import (
    NEVER,
    NO_DEATH,
    dates,
    day,
    digits,
    month_numbers,
    months,
    pseudonyms,
    texts,
    years,
)
from egide.synth.world import World

Array = np.ndarray[Any, Any]

BLOCK = 20_000  # persons drawn and written together: what bounds memory
TWINS = 12  # one pair of twins in so many persons
YOUNG_TWIN = 50  # twins are below that age and outlive the period: they keep the two lives of one PSA apart
CHANGES = 0.03  # share of adults whose PSA changes within the period
NO_ANO = 0.02  # share whose own national number is not known
NEWBORNS = 0.009  # births a year, as a share of people
OLDEST = 104
DAYS = 365.25


@dataclass(frozen=True)
class Names:
    """Who is who in IR_BEN_R: one row per pseudonym, the second ones of those whose PSA changed at the end."""

    psa: pa.Array
    rank: Array
    ano: pa.Array
    idt: pa.Array
    of: Array  # the person of each row
    changed: Array  # day from which the second pseudonym serves; NEVER for most
    second: Array  # its row


@dataclass(frozen=True)
class People:
    """A block of persons as arrays, days counted since 1970."""

    first: int  # number of the first person of the block within the delivery
    count: int
    birth: Array
    sex: Array  # 1 man, 2 woman
    death: Array  # NEVER for the living
    onset: Array  # (illness, person): day the illness began, NEVER for most
    department: Array  # index into the world's departments
    commune: Array
    twin: Array  # True for those who share their PSA
    names: Names
    world: World

    def age(self, on: int) -> Array:
        """Age in years on a day, 0 before birth."""
        return np.maximum(0, (on - self.birth) / DAYS).astype(np.int64)

    def mask(self, on: Array | int, who: Array | slice = slice(None)) -> Array:
        """The illnesses that persons have on a day, one bit each."""
        bits = (self.onset[:, who] <= on).astype(np.int64) << np.arange(len(self.world.illnesses))[:, None]
        found: Array = bits.sum(axis=0)
        return found

    def died(self, year: int) -> Array:
        """The persons who died in the year."""
        return np.flatnonzero((self.death >= day(year)) & (self.death < day(year + 1)))

    def row_of(self, who: Array, on: Array) -> Array:
        """The row of IR_BEN_R that names each person on a day."""
        return np.where(on >= self.names.changed[who], self.names.second[who], who)

    @property
    def department_code(self) -> pa.Array:
        return pa.array(self.world.departments).take(pa.array(self.department))


class Part(IntEnum):
    """What random numbers are drawn for: each part of each block has a stream of its own."""

    PEOPLE, REGISTER, OBJECTIONS, LINES, SERVICES, STAYS, DEATHS, DEFECTS = range(8)


def stream(seed: int, block: int, part: Part, of: int = 0) -> np.random.Generator:
    """The random numbers of one part of one block (and year, or file): counted, so that none depends on another."""
    return np.random.Generator(
        np.random.Philox(key=np.array([seed, block], np.uint64), counter=[0, 0, of, part])
    )


def draw_people(world: World, seed: int, block: int, count: int, span: range) -> People:
    """The persons of a block, as they are over the years of `span`."""
    rng = stream(seed, block, Part.PEOPLE)
    start, end = day(span[0]), day(span[-1] + 1)
    birth = _births(rng, count, start, end, len(span))
    sex = rng.integers(1, 3, count)
    department = np.searchsorted(world.department_rising, rng.random(count), side="right")
    commune = rng.integers(1, 320, count)
    twin = _twins(birth, sex, department, commune, start)
    onset = _illnesses(world, rng, birth, start, end)
    death = _deaths(world, rng, birth, onset, twin, span)
    if block == 0:  # a delivery, however small, has somebody who dies early in it
        birth[0], death[0], twin[0] = day(span[0] - 90), day(span[0], 3, 15), False
    names = _names(rng, birth, death, twin, start, end)
    return People(block * BLOCK, count, birth, sex, death, onset, department, commune, twin, names, world)


def _births(rng: np.random.Generator, count: int, start: int, end: int, span: int) -> Array:
    ages = np.arange(OLDEST + 1)
    weights = np.where(ages < 60, 1.0, np.maximum(0.0, 1 - (ages - 60) / 44) ** 1.6)
    age = np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random(count), side="right")
    old = start - 1 - (age * DAYS + rng.random(count) * (DAYS - 1)).astype(np.int64)
    born_within = rng.random(count) < NEWBORNS * span
    return np.where(born_within, rng.integers(start, end, count), old)


def _twins(birth: Array, sex: Array, department: Array, commune: Array, start: int) -> Array:
    """Makes the person after each chosen one a twin: same birth, sex and home, hence the same PSA."""
    twin = np.zeros(len(birth), bool)
    elder = np.arange(1, len(birth) - 1, TWINS)
    elder = elder[birth[elder] > start - YOUNG_TWIN * DAYS]
    for values in (birth, sex, department, commune):
        values[elder + 1] = values[elder]
    twin[elder] = twin[elder + 1] = True
    return twin


def _illnesses(world: World, rng: np.random.Generator, birth: Array, start: int, end: int) -> Array:
    band = world.band(np.maximum(0, (start - birth) / DAYS))
    onset = np.full((len(world.illnesses), len(birth)), NEVER)
    for n, name in enumerate(world.illnesses):
        facts = world.raw["illnesses"][name]
        had = rng.random(len(birth)) < np.array(facts["had"])[band]
        risk = facts["yearly"] * np.where(band >= 3, 1, 0.25) * np.where(band == 0, 0.1, 1)
        falls_ill = rng.random(len(birth)) < risk * (end - start) / DAYS
        before = np.maximum(birth, start - rng.integers(30, 5000, len(birth)))
        within = np.maximum(birth + 30, rng.integers(start, end, len(birth)))
        onset[n] = np.where(had & (birth < start), before, np.where(falls_ill, within, NEVER))
    return onset


def _deaths(
    world: World, rng: np.random.Generator, birth: Array, onset: Array, twin: Array, span: range
) -> Array:
    """Gompertz's law of mortality, steeper with illness; the year by chance, then the day."""
    death = np.full(len(birth), NEVER)
    for year in span:
        on = day(year)
        age = (on - birth) / DAYS
        worse = sum(
            world.raw["illnesses"][name]["death"] * (onset[n] <= on) for n, name in enumerate(world.illnesses)
        )
        risk = np.minimum(0.6, 2e-5 * np.exp(0.1 * np.maximum(0, age)) * (1 + worse))
        dies = (rng.random(len(birth)) < risk) & (death == NEVER) & (birth < on) & ~twin
        death = np.where(dies, on + rng.integers(0, 365, len(birth)), death)
    return death


def _names(rng: np.random.Generator, birth: Array, death: Array, twin: Array, start: int, end: int) -> Names:
    count = len(birth)
    known = rng.random(count) >= NO_ANO
    changes = (rng.random(count) < CHANGES) & known & ~twin & (birth < start) & (death == NEVER)
    changers = np.flatnonzero(changes)
    of = np.concatenate([np.arange(count), changers])
    changed = np.where(changes, rng.integers(start, end, count), NEVER)
    second = np.zeros(count, np.int64)
    second[changers] = count + np.arange(len(changers))
    psa = pseudonyms(rng, len(of))
    younger = np.flatnonzero(twin & (np.arange(count) % TWINS == 2))
    psa[younger] = psa[younger - 1]
    rank = np.ones(len(of), np.int64)
    rank[younger] = 2
    ano = pseudonyms(rng, count)[of]
    by_psa = np.concatenate([psa, (rank + 48).astype(np.uint8)[:, None]], axis=1)
    named = texts(ano).to_numpy(zero_copy_only=False)
    provisional = texts(by_psa).to_numpy(zero_copy_only=False)
    is_known = known[of]
    return Names(
        psa=texts(psa),
        rank=rank,
        ano=pa.array(named, mask=~is_known),
        idt=pa.array(np.where(is_known, named, provisional)),
        of=of,
        changed=changed,
        second=second,
    )


def register(people: People, seed: int, block: int, span: range) -> dict[str, pa.Array]:
    """The block's rows of IR_BEN_R, all 21 columns."""
    rng = stream(seed, block, Part.REGISTER)
    names, of = people.names, people.names.of
    count, end = len(of), day(span[-1] + 1) - 1
    death = people.death[of]
    shown = np.where(death == NEVER, NO_DEATH, death)
    inserted = np.maximum(people.birth[of] + 20, day(span[0] - 8) + rng.integers(0, 1500, count))
    updated = np.maximum(
        inserted, np.minimum(end, np.where(death == NEVER, end, death + 60)) - rng.integers(0, 90, count)
    )
    adult = np.flatnonzero(people.age(end) >= 25)
    insured = np.where(
        people.age(end) >= 18, np.arange(people.count), rng.choice(adult, people.count) if len(adult) else 0
    )[of]
    fund = funds(people).take(pa.array(of))
    known = names.ano.is_valid()
    return {
        "BEN_NIR_PSA": names.psa,
        "BEN_RNG_GEM": pa.array(names.rank),
        "BEN_NIR_ANO": names.ano,
        "BEN_IDT_ANO": names.idt,
        "BEN_IDT_TOP": known.cast(pa.int64()),
        "ASS_NIR_ANO": names.ano.take(pa.array(insured)),
        "BEN_IDT_MAJ": dates(inserted),
        "BEN_CDI_NIR": pa.array(np.where(known.to_numpy(zero_copy_only=False), "00", "04")),
        "BEN_NAI_ANN": digits(years(people.birth[of]), 4),
        "BEN_NAI_MOI": month_numbers(people.birth[of]),
        "BEN_SEX_COD": pa.array(people.sex[of]),
        "BEN_DCD_DTE": dates(shown),
        "BEN_DCD_AME": _death_month(shown),
        "ORG_AFF_BEN": fund,
        "BEN_RES_DPT": people.department_code.take(pa.array(of)),
        "BEN_RES_COM": digits(people.commune[of], 3),
        "BEN_TOP_CNS": pa.array((rng.random(count) < 0.95).astype(np.int64)),
        "MAX_TRT_DTD": dates(updated),
        "ORG_CLE_NEW": fund,
        "BEN_DTE_INS": dates(inserted),
        "BEN_DTE_MAJ": dates(updated),
    }


def _death_month(days: Array) -> pa.Array:
    found = months(np.where(days == NO_DEATH, 0, days)).to_numpy(zero_copy_only=False)
    found[days == NO_DEATH] = "160001"
    return pa.array(found)


def funds(people: People) -> pa.Array:
    """The insurance fund of each person: one per department."""
    codes = pa.array([f"01C{d}000" for d in people.world.departments])
    return codes.take(pa.array(people.department))
