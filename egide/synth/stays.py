"""Hospital stays that end in a year: what was treated (T_MCOaaB), and whom, when (T_MCOaaC).

Record numbers start again each year, as the real ones do: the same hospital and number name other persons in another
year. Half of those who die do so in hospital, on the last day of a stay.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from egide.synth.cells import day, digits, month_numbers, months, plain_dates, same, sas_dates
from egide.synth.people import Part, People, stream
from egide.synth.world import HOSPITALS

Array = np.ndarray[Any, Any]

RECORDS = 200_000  # record numbers kept for a block in a year
DIES_IN_HOSPITAL = 0.5
LONGEST = 120  # days
HOME, DIED = "8", "9"
GROUPER = "11"


@dataclass(frozen=True)
class Stays:
    who: Array
    entry: Array
    exit: Array
    kind: Array  # index into the world's stays
    fatal: Array
    hospital: pa.Array
    record: pa.Array
    severity: Array


def draw_stays(people: People, seed: int, block: int, year: int) -> Stays:
    """Draws the stays that end in the year, in the order of persons."""
    world = people.world
    rng = stream(seed, block, Part.STAYS, year)
    ages, begins, length = world.raw["ages"], day(year), day(year + 1) - day(year)
    band, mask = world.band(people.age(begins)), people.mask(begins)
    volume = np.array(ages["stays"])[band] + ages["stays_per_illness"] * (mask > 0)
    who = np.repeat(np.arange(people.count), rng.poisson(volume))
    out = begins + rng.integers(0, length, len(who))
    kind = world.stays.draw(world.profile(people.sex[who], band[who], mask[who]), rng.random(len(who)))
    dead = people.died(year)
    last = dead[rng.random(len(dead)) < DIES_IN_HOSPITAL]
    ends = world.last_stays.draw(
        world.profile(people.sex[last], band[last], mask[last]), rng.random(len(last))
    )
    fatal_kinds = np.array(
        [world.stays.each("diagnosis", "").tolist().index(s["diagnosis"]) for s in world.last_stays.entries]
    )
    fatal = np.repeat([False, True], [len(who), len(last)])
    who, out = np.concatenate([who, last]), np.concatenate([out, people.death[last]])
    kind = np.concatenate([kind, fatal_kinds[ends] if len(last) else ends])
    days = np.minimum(LONGEST, rng.exponential(1.0, len(who)) * world.stays.each("days")[kind]).astype(
        np.int64
    )
    entry = out - days
    possible = (entry >= people.birth[who]) & (fatal | (out < people.death[who]))
    order = np.flatnonzero(possible)[np.argsort(who[possible], kind="stable")]
    who, out, entry, kind, fatal = who[order], out[order], entry[order], kind[order], fatal[order]
    hospital = world.hospitals.take(
        pa.array(people.department[who] * HOSPITALS + rng.integers(0, HOSPITALS, len(who)))
    )
    record = digits(block * RECORDS + np.arange(1, len(who) + 1), 10)
    return Stays(who, entry, out, kind, fatal, hospital, record, rng.random(len(who)))


def described(people: People, stays: Stays, year: int) -> dict[str, pa.Array]:
    """The rows of T_MCOaaB: 24 of its columns."""
    world, who, count = people.world, stays.who, len(stays.who)
    age = (stays.entry - people.birth[who]) // 365.25
    nights = stays.exit - stays.entry
    sessions = world.stays.each("sessions", False)[stays.kind]
    infant = age < 1
    home = np.where(stays.fatal, DIED, HOME)
    return {
        "ETA_NUM": stays.hospital,
        "RSA_NUM": stays.record,
        "RSS_NUM": same("224", count),
        "SOR_ANN": same(str(year), count),
        "SOR_MOI": month_numbers(stays.exit),
        "ENT_MOD": same(HOME, count),
        "ENT_PRV": pa.array(np.where(nights > 3, "5", "0")),
        "SOR_MOD": pa.array(home),
        "SEJ_NBJ": pa.array(nights, mask=sessions),
        "NBR_SEA": pa.array(sessions.astype(np.int64)),
        "AGE_ANN": pa.array(age.astype(np.int64), mask=infant),
        "AGE_JOU": pa.array(stays.entry - people.birth[who], mask=~infant),
        "COD_SEX": pa.array(np.where(people.sex[who] == 1, "1", "2")),
        "BDI_DEP": _two_characters(people).take(pa.array(who)),
        "DGN_PAL": pa.array(world.stays.each("diagnosis", "")[stays.kind]),
        "GRC_GHM": pa.array(_groups(people, stays)),
        "GRG_GHM": pa.array(_groups(people, stays)),
        "GRG_RET": same("000", count),
        "GRG_VER": same(GROUPER, count),
        "GHS_NUM": digits(world.stays.each("ghs")[stays.kind], 4),
        "NBR_DGN": pa.array((stays.severity * 6).astype(np.int64)),
        "NBR_ACT": pa.array((stays.severity * 4).astype(np.int64)),
        "NBR_RUM": pa.array(1 + (stays.severity > 0.8)),
        "NBR_SUP_REA": pa.array(np.where((stays.severity > 0.95) & (nights > 4), nights // 2, 0)),
    }


def _groups(people: People, stays: Stays) -> Array:
    """The GHM of each stay: of its levels, the one that the severity reaches."""
    levels = [stay["ghm"] for stay in people.world.stays.entries]
    starts, counts = np.cumsum([0, *(len(g) for g in levels)]), np.array([len(g) for g in levels])
    flat = np.array([g for group in levels for g in group])
    found: Array = flat[starts[stays.kind] + (stays.severity**2 * counts[stays.kind]).astype(np.int64)]
    return found


def _two_characters(people: People) -> pa.Array:
    codes = pa.array([d[:2] if d.startswith("97") else d[1:] for d in people.world.departments])
    return codes.take(pa.array(people.department))


def patients(people: People, stays: Stays, year: int) -> dict[str, pa.Array]:
    """The rows of T_MCOaaC: 22 of its columns, in the same order as T_MCOaaB's."""
    count = len(stays.who)
    row = people.row_of(stays.who, stays.entry)
    returned = {
        name: same("0", count)
        for name in (
            "NIR_RET",
            "NAI_RET",
            "SEX_RET",
            "SEJ_RET",
            "FHO_RET",
            "PMS_RET",
            "DAT_RET",
            "COH_NAI_RET",
            "COH_SEX_RET",
        )
    }
    return {
        "ETA_NUM": stays.hospital,
        "RSA_NUM": stays.record,
        "NIR_ANO_17": people.names.psa.take(pa.array(row)),
        "SEJ_NUM": digits(np.arange(count) * 37 % 100_000, 5),
        "EXE_SOI_DTD": sas_dates(stays.entry),
        "EXE_SOI_DTF": sas_dates(stays.exit),
        "EXE_SOI_AMD": months(stays.entry),
        "EXE_SOI_AMF": months(stays.exit),
        "ENT_DAT": plain_dates(stays.entry),
        "SOR_DAT": plain_dates(stays.exit),
        "SOR_ANN": same(str(year), count),
        "SOR_MOI": month_numbers(stays.exit),
        "FOR_NUM": same("012", count),
        **returned,
    }


def ambiguous(people: People, stays: Stays) -> Array:
    """Stays of persons whose PSA names a twin as well: nobody can tell from the PMSI which of the two it was."""
    return people.twin[stays.who]
