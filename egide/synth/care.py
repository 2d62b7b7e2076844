"""What the health insurance paid for in a year of flow: lines of service (ER_PRS_F) and their drugs (ER_PHA_F).

A line belongs to the year in which it flowed in, weeks or months after care: the last months of care of a delivery are
therefore thin, and its first year holds some care of the year before. Regularisation lines repeat a line with a
negative quantity under a key of their own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from egide.synth.cells import dates, day, decimals, digits, same, years
from egide.synth.people import Part, People, funds, stream
from egide.synth.world import NATURE_OF_RATE, PER_CLASS

Array = np.ndarray[Any, Any]

REGULARISED = 0.012  # share of lines that are taken back
STATEMENTS = 2_000_000  # statement numbers kept for a block in a year
LONGEST_LAG = 420  # days from care to flow
ALD_RATE = 100  # percent reimbursed for care of a listed long illness
GENERAL_PRACTICE, SPECIALISTS, PHARMACIES, OTHERS = 1, 2, 5, 6  # classes of professionals


@dataclass(frozen=True)
class Lines:
    """The lines of service of a block in a year of flow, one array per fact."""

    who: Array
    kind: Array
    sign: Array
    care: Array
    flow: Array
    ill: Array  # the illnesses on the day of care
    statement: Array
    order: Array
    drugs: "Drugs"
    key: dict[str, pa.Array]


@dataclass(frozen=True)
class Drugs:
    """The packs given on pharmacy lines: `line` is the line of service, repeated for each pack."""

    line: Array
    pack: Array
    boxes: Array
    order: Array


def draw_lines(people: People, seed: int, block: int, year: int) -> Lines:
    """Draws the year's lines: who, what, when cared for and when it flowed in."""
    world = people.world
    rng = stream(seed, block, Part.LINES, year)
    ages = world.raw["ages"]
    band, begins = world.band(people.age(day(year))), day(year)
    volume = np.array(ages["services"])[band] + ages["services_per_illness"] * _bits(people.mask(begins))
    lived = np.clip(
        (np.minimum(people.death, begins + 365) - np.maximum(people.birth, begins - 60)) / 365, 0, 1
    )
    who = np.repeat(np.arange(people.count), rng.poisson(volume * lived))
    month = np.sort(who * 12 + rng.integers(0, 12, len(who)))  # a person's lines in the order they flowed in
    who, month = month // 12, month % 12
    flow = np.array([day(year, m) for m in range(1, 13)])[month]
    care = flow - np.minimum(LONGEST_LAG, 18 + rng.exponential(38, len(who)).astype(np.int64))
    alive = (care >= people.birth[who]) & (care <= people.death[who])
    who, flow, care = who[alive], flow[alive], care[alive]
    ill = people.mask(care, who)
    kind = world.services.draw(world.profile(people.sex[who], band[who], ill), rng.random(len(who)))
    again = np.repeat(np.arange(len(who)), 1 + (rng.random(len(who)) < REGULARISED))
    sign = np.where(np.diff(again, prepend=-1) == 0, -1, 1)
    who, flow, care, ill, kind = who[again], flow[again], care[again], ill[again], kind[again]
    drugs = _draw_drugs(people, rng, who, kind, ill, band, sign)
    statement, order = _statements(who, flow)
    key = _key(people, who, flow, block * STATEMENTS + statement, order, year)
    return Lines(who, kind, sign, care, flow, ill, statement, order, drugs, key)


def _bits(mask: Array) -> Array:
    return sum(((mask >> n) & 1 for n in range(8)), start=np.zeros_like(mask))


def _statements(who: Array, flow: Array) -> tuple[Array, Array]:
    """A statement holds a person's lines of one month of flow: its number, and each line's order in it."""
    new = (np.diff(who, prepend=-1) != 0) | (np.diff(flow, prepend=-1) != 0)
    statement = np.cumsum(new) - 1
    starts = np.flatnonzero(new)
    return statement, np.arange(len(who)) - starts[statement] + 1


def _draw_drugs(
    people: People, rng: np.random.Generator, who: Array, kind: Array, ill: Array, band: Array, sign: Array
) -> Drugs:
    world = people.world
    pharmacy = np.flatnonzero(world.services.each("drugs", False)[kind])
    packs = 1 + (rng.random(len(pharmacy)) < 0.28) + (rng.random(len(pharmacy)) < 0.08)
    back = np.flatnonzero(sign[pharmacy] < 0)
    packs[back] = packs[back - 1]  # what is taken back is what the line before gave
    line, each = np.repeat(pharmacy, packs), np.repeat(packs, packs)
    first = np.repeat(np.cumsum(packs) - packs, packs)
    profile = world.profile(people.sex[who[line]], band[who[line]], ill[line])
    therapy = world.therapies.draw(profile, rng.random(len(line)))[first]  # one line, one rate: one therapy
    pack = world.pack_start[therapy] + (rng.random(len(line)) * world.pack_count[therapy]).astype(np.int64)
    boxes = 1 + (rng.random(len(line)) < 0.15)
    row = np.arange(len(line))
    source = np.where(sign[line] < 0, row - each, row)
    return Drugs(line, pack[source], boxes[source] * sign[line], row - first + 1)


def _key(
    people: People, who: Array, flow: Array, statement: Array, order: Array, year: int
) -> dict[str, pa.Array]:
    """The nine columns that name a line of service."""
    month = (flow - day(year)) // 30 + 1
    return {
        "DCT_ORD_NUM": pa.array(statement),
        "FLX_DIS_DTD": dates(flow),
        "FLX_EMT_NUM": pa.array(people.department[who] % 9 + 1),
        "FLX_EMT_ORD": pa.array(month),
        "FLX_EMT_TYP": same(1, len(who)),
        "FLX_TRT_DTD": dates(flow - 3 - people.department[who] % 5),
        "ORG_CLE_NUM": funds(people).take(pa.array(who)),
        "PRS_ORD_NUM": pa.array(order),
        "REM_TYP_AFF": same(0, len(who)),
    }


def services(people: People, lines: Lines, year: int, seed: int, block: int) -> dict[str, pa.Array]:
    """The rows of ER_PRS_F: 32 of its columns."""
    world, who = people.world, lines.who
    rng = stream(seed, block, Part.SERVICES, year)
    row = people.row_of(who, lines.care)
    source = np.arange(len(who)) - (lines.sign < 0)  # a line that is taken back repeats the one before it
    price, rate, nature = (fact[source] for fact in _prices(people, lines, rng))
    ald = ((lines.ill > 0) & (rng.random(len(who)) < 0.7))[source]
    rate = np.where(ald, ALD_RATE, rate)
    overrun = np.where(rng.random(len(who)) < world.services.each("overrun", 0.0)[lines.kind], 2000, 0)[
        source
    ]
    prescribed = world.services.each("prescribed", False)[lines.kind]
    wrote = lines.care - np.where(prescribed, rng.integers(0, 12, len(who))[source], 0)
    practitioner = people.department[who] * 10 + _class_of(lines, world.services)
    executed = practitioner * PER_CLASS + rng.integers(0, PER_CLASS, len(who))[source]
    own = (people.department[who] * 10 + GENERAL_PRACTICE) * PER_CLASS + who % PER_CLASS
    return lines.key | {
        "BEN_NIR_PSA": people.names.psa.take(pa.array(row)),
        "BEN_RNG_GEM": pa.array(people.names.rank[row]),
        "BEN_NAI_ANN": digits(years(people.birth), 4).take(pa.array(who)),
        "BEN_AMA_COD": pa.array(_age_code(people.birth[who], lines.care)),
        "BEN_SEX_COD": pa.array(people.sex[who]),
        "BEN_RES_DPT": people.department_code.take(pa.array(who)),
        "BEN_RES_COM": digits(people.commune, 3).take(pa.array(who)),
        "EXE_SOI_DTD": dates(lines.care),
        "EXE_SOI_DTF": dates(lines.care),
        "PRE_PRE_DTD": dates(np.maximum(wrote, people.birth[who])),
        "BSE_PRS_NAT": pa.array(nature),
        "PRS_ACT_QTE": decimals(lines.sign * 100, 2),
        "PRS_PAI_MNT": decimals(lines.sign * (price + overrun), 2),
        "BSE_REM_BSE": decimals(lines.sign * price, 2),
        "BSE_REM_MNT": decimals(lines.sign * (price * rate // 100), 2),
        "RGO_REM_TAU": decimals(rate * 100, 2),
        "EXO_MTF": pa.array(np.where(ald, 42, 0)),
        "DPN_QLF": same(0, len(who)),
        "CPL_MAJ_TOP": same(0, len(who)),
        "PFS_EXE_NUM": world.professionals.take(pa.array(executed)),
        "PFS_PRE_NUM": pa.array(
            world.professionals.take(pa.array(own)).to_numpy(zero_copy_only=False), mask=~prescribed
        ),
        "PSE_SPE_COD": pa.array(world.services.each("speciality")[lines.kind]),
        "PSE_ACT_NAT": pa.array(world.services.each("activity")[lines.kind]),
    }


def _prices(people: People, lines: Lines, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Euro cents, percent and nature of each line; a pharmacy's from its packs."""
    world, drugs = people.world, lines.drugs
    tariffs = [np.array(entry["prices"]) for entry in world.services.entries]
    starts = np.cumsum([0, *(len(t) for t in tariffs)])
    counts = np.array([len(t) for t in tariffs])
    price = np.concatenate(tariffs)[
        starts[lines.kind] + (rng.random(len(lines.who)) * counts[lines.kind]).astype(np.int64)
    ]
    rate, nature = world.services.each("rate")[lines.kind], world.services.each("nature")[lines.kind]
    if len(drugs.line):
        first = np.flatnonzero(np.diff(drugs.line, prepend=-1) != 0)
        price[drugs.line[first]] = np.add.reduceat(world.pack_price[drugs.pack] * np.abs(drugs.boxes), first)
        rate[drugs.line[first]] = world.pack_rate[drugs.pack[first]]
        nature[drugs.line[first]] = np.array([NATURE_OF_RATE.get(r, 0) for r in range(101)])[
            rate[drugs.line[first]]
        ]
    return price, rate, nature


def _class_of(lines: Lines, services: Any) -> Array:
    classes = [
        PHARMACIES
        if s.get("drugs")
        else GENERAL_PRACTICE
        if s.get("speciality") == 1
        else SPECIALISTS
        if s.get("speciality")
        else OTHERS
        for s in services.entries
    ]
    return np.array(classes)[lines.kind]


def _age_code(birth: Array, on: Array) -> Array:
    """IR_AMA_V: 1000 and months below two years, then years."""
    age = on - birth
    return np.where(
        age < 730, 1000 + np.minimum(23, age * 12 // 365), np.maximum(2, (age / 365.25).astype(np.int64))
    )


def dispensed(people: People, lines: Lines) -> dict[str, pa.Array]:
    """The rows of ER_PHA_F: 17 of its columns."""
    drugs, world = lines.drugs, people.world
    at = pa.array(drugs.line)
    count = len(drugs.line)
    return {name: column.take(at) for name, column in lines.key.items()} | {
        "PHA_PRS_C13": pa.array(world.packs[drugs.pack]),
        "PHA_ACT_QSN": pa.array(drugs.boxes),
        "PHA_ACT_PRU": decimals(world.pack_price[drugs.pack] * 1000, 5),
        "PHA_ORD_NUM": pa.array(drugs.order),
        "PHA_DEC_TOP": same("Z", count),
        "PHA_MOD_PRN": same("Z", count),
        "PHA_SEQ_RNV": pa.array(drugs.line % 4),
        "PHA_SUB_MTF": pa.array(np.where(drugs.pack % 3 == 0, 2, 0)),
    }
