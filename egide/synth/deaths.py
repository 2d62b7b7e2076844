"""Deaths of a year with their cause (KI_CCI_R), coherent with the illnesses that a person had."""

from typing import Any

import numpy as np
import pyarrow as pa

from egide.synth.cells import HEX, dates, digits, month_numbers, months, same, texts, years
from egide.synth.people import Part, People, stream

Array = np.ndarray[Any, Any]

BY_ILLNESS = 0.7  # share of deaths of the ill that their gravest illness explains


def certificates(people: People, seed: int, block: int, year: int) -> dict[str, pa.Array]:
    """The rows of KI_CCI_R: 23 of its columns."""
    rng = stream(seed, block, Part.DEATHS, year)
    who = people.died(year)
    count, death, names = len(who), people.death[who], people.names
    row = pa.array(people.row_of(who, death))
    department = people.department_code.take(pa.array(who))
    commune = digits(people.commune[who], 3)
    old = death - people.birth[who] > 62 * 365
    return {
        "DCD_IDT_ENC": texts(HEX[rng.integers(0, 16, (count, 64))]),
        "DCD_IDT_TOP": same(1, count),
        "BEN_IDT_ANO": names.idt.take(row),
        "BEN_IDT_TOP": names.ano.take(row).is_valid().cast(pa.int64()),
        "BEN_NIR_ANO": names.ano.take(row),
        "FLX_PER_ANN": same(str(year), count),
        "CER_VER_NUM": same(2 if year >= 2018 else 1, count),
        "TRT_STA_COD": same(1, count),
        "TYP_CER_COD": same(1, count),
        "CER_SUP_TYP": pa.array(1 + (rng.random(count) < 0.7)),
        "DCD_DPT_COD": department,
        "DCD_COM_COD": commune,
        "BEN_RES_DPT": department,
        "BEN_RES_COM": commune,
        "BEN_DCD_DTE": dates(death),
        "BEN_DCD_AME": months(death),
        "DCD_LIE_COD": pa.array(np.array([1, 2, 2, 3, 4])[rng.integers(0, 5, count)]),
        "BEN_NAI_ANN": digits(years(people.birth[who]), 4),
        "BEN_NAI_MOI": month_numbers(people.birth[who]),
        "BEN_SEX_COD": pa.array(people.sex[who]),
        "PFV_ACP_COD": pa.array(np.where(old, 1, 3)),
        "ETA_MAR_COD": pa.array(rng.integers(1, 5, count)),
        "DCD_CIM_COD": pa.array(_causes(people, who, rng)),
    }


def _causes(people: People, who: Array, rng: np.random.Generator) -> Array:
    """The cause of each death: often the gravest illness of the person, else one that anybody may die of."""
    world = people.world
    common = np.array(world.raw["causes"]["codes"], dtype="U6")
    causes = common[rng.integers(0, len(common), len(who))]
    by_gravity = sorted(
        range(len(world.illnesses)), key=lambda n: world.raw["illnesses"][world.illnesses[n]]["death"]
    )
    for n in by_gravity:
        own = np.array(world.raw["illnesses"][world.illnesses[n]]["causes"])
        explains = (people.onset[n, who] <= people.death[who]) & (rng.random(len(who)) < BY_ILLNESS)
        causes = np.where(explains, own[rng.integers(0, len(own), len(who))], causes)
    return causes
