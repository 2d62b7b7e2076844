"""The invented world: departments, illnesses, services, packs and stays, as arrays that care is drawn from.

Weights come from `world.toml`, codes from the registry's lists: a code that the registry does not know stops the
generator before it writes a line. Numbers of professionals and hospitals hold an S in third place, which no real
number has: nobody real is named.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from egide.model.errors import BadInput
from egide.registry import codes_for, model_of
from egide.registry.read import DATA, rows_of

BANDS = 5
SEXES = 2
PER_CLASS = 40  # professionals of one kind in one department
HOSPITALS = 3  # in one department
PACKS = 40  # most packs of one therapy
NATURE_OF_RATE = {100: 3311, 65: 3313, 30: 3312, 15: 3341}
CITIES = {"075": 22, "013": 20, "059": 26, "069": 19, "092": 16, "093": 17, "033": 16, "031": 14, "044": 14}
OVERSEAS = ("971", "972", "973", "974", "976")

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Choice:
    """What may be drawn, with its weights for each profile of person as one rising line: one search draws many."""

    entries: tuple[dict[str, Any], ...]
    rising: Array  # of profiles x entries, profile p between p and p + 1

    def draw(self, profile: Array, uniform: Array) -> Array:
        """The index of one entry for each profile, by a uniform number below 1."""
        width = len(self.entries)
        found = np.searchsorted(self.rising, profile + uniform, side="right")
        index: Array = np.clip(found - profile * width, 0, width - 1)
        return index

    def each(self, key: str, default: Any = 0) -> Array:
        return np.array([entry.get(key, default) for entry in self.entries])


@dataclass(frozen=True)
class World:
    """Everything that persons and their care are drawn from."""

    illnesses: tuple[str, ...]
    raw: dict[str, Any]
    services: Choice
    therapies: Choice
    stays: Choice
    last_stays: Choice  # those that people may die in
    packs: Array  # CIP13, by therapy then pack
    pack_price: Array  # euro cents
    pack_rate: Array  # percent
    pack_start: Array  # first pack of each therapy
    pack_count: Array
    departments: tuple[str, ...]
    department_rising: Array
    professionals: pa.Array  # (department, class, n) -> number
    hospitals: pa.Array  # (department, n) -> number

    def band(self, age: Array) -> Array:
        return np.searchsorted(np.array(self.raw["ages"]["first"]), age, side="right")

    def profile(self, sex: Array, band: Array, mask: Array) -> Array:
        """One number for sex (1, 2), band of age and illnesses (one bit each)."""
        return ((sex - 1) * BANDS + band) * (1 << len(self.illnesses)) + mask


@cache
def world() -> World:
    """Reads the world once. Raises BadInput when it names a code that the registry does not know."""
    raw = tomllib.loads((Path(__file__).parent / "world.toml").read_text("utf-8"))
    illnesses = tuple(raw["illnesses"])
    _check_codes(raw)
    packs, price, rate, counts = _packs(raw["therapies"])
    departments, weights = _departments()
    fatal = [
        stay | {"bands": [stay.get("fatal", 0) * (b + 0.05) for b in stay["bands"]]} for stay in raw["stays"]
    ]
    return World(
        illnesses=illnesses,
        raw=raw,
        services=_choice(raw["services"], illnesses),
        therapies=_choice(raw["therapies"], illnesses),
        stays=_choice(raw["stays"], illnesses),
        last_stays=_choice([f for f in fatal if f.get("fatal")], illnesses),
        packs=packs,
        pack_price=price,
        pack_rate=rate,
        pack_start=np.cumsum([0, *counts])[:-1],
        pack_count=np.array(counts),
        departments=departments,
        department_rising=np.cumsum(weights) / np.sum(weights),
        professionals=pa.array(
            [
                f"{_two(d)}S{c}{n:04d}{(n * 7 + c) % 10}"
                for d in departments
                for c in range(10)
                for n in range(PER_CLASS)
            ]
        ),
        hospitals=pa.array(
            [f"{_two(d)}S{d[-1]}{n:05d}" for d in departments for n in range(1, HOSPITALS + 1)]
        ),
    )


def _two(department: str) -> str:
    """How FINESS and professionals' numbers begin: 75, 2A, 97."""
    return department[:2] if department.startswith("97") else department[1:]


def _choice(entries: Sequence[dict[str, Any]], illnesses: tuple[str, ...]) -> Choice:
    masks = 1 << len(illnesses)
    weights = np.zeros((SEXES, BANDS, masks, len(entries)))
    for n, entry in enumerate(entries):
        weights[:, :, :, n] = np.array(entry["bands"])[None, :, None]
        if illness := entry.get("illness"):
            ill = (np.arange(masks) >> illnesses.index(illness)) & 1 == 1
            weights[:, :, ill, n] += entry["more"]
        if sex := entry.get("sex"):
            weights[2 - sex, :, :, n] = 0
    flat = weights.reshape(-1, len(entries))
    share = np.cumsum(flat, axis=1) / flat.sum(axis=1, keepdims=True)
    return Choice(tuple(entries), (share + np.arange(len(flat))[:, None]).ravel())


def _packs(therapies: Sequence[dict[str, Any]]) -> tuple[Array, Array, Array, list[int]]:
    rows = [
        r
        for r in rows_of(DATA / "snds" / "codes" / "cip13.csv.gz")
        if r["price_eur"] and r["reimbursement_rate"]
    ]
    found: list[list[dict[str, str]]] = []
    for therapy in therapies:
        words = re.compile(therapy["substances"])
        chosen = [r for r in rows if words.search(r["substances"]) and float(r["price_eur"]) < 150][:PACKS]
        if not chosen:
            raise BadInput("synth.world", part=therapy["name"])
        found.append(chosen)
    flat = [r for packs in found for r in packs]
    price = np.array([round(float(r["price_eur"]) * 100) for r in flat])
    rate = np.array([int(r["reimbursement_rate"].rstrip("%")) for r in flat])
    return np.array([int(r["cip13"]) for r in flat]), price, rate, [len(packs) for packs in found]


def _departments() -> tuple[tuple[str, ...], Array]:
    names = [f"{n:03d}" for n in range(1, 96) if n != 20] + ["02A", "02B", *OVERSEAS]
    return tuple(names), np.array([CITIES.get(name, 6) for name in names], float)


def _check_codes(raw: dict[str, Any]) -> None:
    model = model_of("snds")

    used = {
        ("ER_PRS_F", "BSE_PRS_NAT"): [str(s["nature"]) for s in raw["services"]]
        + [str(n) for n in NATURE_OF_RATE.values()],
        ("ER_PRS_F", "PSE_SPE_COD"): [str(s.get("speciality", 0)) for s in raw["services"]],
        ("ER_PRS_F", "PSE_ACT_NAT"): [str(s.get("activity", 0)) for s in raw["services"]],
        ("T_MCOaaB", "DGN_PAL"): [s["diagnosis"] for s in raw["stays"]],
        ("T_MCOaaB", "GRG_GHM"): [g for s in raw["stays"] for g in s["ghm"]],
        ("KI_CCI_R", "DCD_CIM_COD"): raw["causes"]["codes"]
        + [c for i in raw["illnesses"].values() for c in i["causes"]],
        ("IR_BEN_R", "BEN_RES_DPT"): list(_departments()[0]),
    }
    for (table, column), codes in used.items():
        known = codes_for(model, model.tables[table].column(column), 2025) or frozenset()
        if unknown := sorted(set(codes) - known):
            raise BadInput("synth.world", part=f"{table}.{column} {unknown[0]}")
