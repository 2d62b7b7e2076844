"""A hospital's register of stays with invented NIRs: what a holder outside the SNDS has before stage 1.

    HOSPITAL_STAYS.csv  delivery.toml          no generator's manifest: the hub treats it as it would treat the real

The NIRs are well formed (15 characters, key modulo 97, Corsica's 2A and 2B) so that the hub's guard against NIRs is
put to the test; they name nobody on purpose: their order numbers are above 949, which communes hardly reach.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from egide.model.errors import BadUsage
from egide.registry import codes_for, model_of
from egide.synth.cells import dates, day, decimals, digits
from egide.synth.files import TableFile, WrittenFile, csv_lines, write_manifest
from egide.synth.people import Part, stream
from egide.synth.snds import DIALECT, SynthReport
from egide.synth.world import OVERSEAS, world

Array = np.ndarray[Any, Any]

TABLE = "HOSPITAL_STAYS"
FIRST, LAST = 2022, 2024
FEWEST = 1
SMALLEST_ORDER = 950
UNITS = ("CARD", "PNEU", "ENDO", "CHIR", "URGE", "GERI", "PSYC", "MATE")


def nir_key(body: str) -> str:
    """The two control digits of a NIR's 13 characters: 97 less their number modulo 97, Corsica as 19 and 18 (INSEE)."""
    number = int(
        body.replace("2A", "19", 1)
        if body[5:7] == "2A"
        else body.replace("2B", "18", 1)
        if body[5:7] == "2B"
        else body
    )
    return f"{97 - number % 97:02d}"


def write_hospital(out: Path, *, patients: int, seed: int) -> SynthReport:
    """Writes a register of the stays of `patients` invented persons into the new folder `out`.

    Raises BadUsage when an argument makes no sense or the folder is not empty.
    """
    if patients < FEWEST:
        raise BadUsage("synth.people", least=FEWEST)
    if not 0 <= seed < 2**63:
        raise BadUsage("synth.seed")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadUsage("synth.not-empty", folder=out.name)
    out.mkdir(parents=True, exist_ok=True)
    columns = _stays(patients, stream(seed, 0, Part.PEOPLE, 1))
    rows = len(columns["STAY_NUM"])
    with TableFile(out, TABLE) as file:
        file.header(list(columns))
        file.append(csv_lines(columns), rows)
    written: WrittenFile = file.written()
    identity = f"synth-hospital-s{seed}-p{patients}"
    head = {
        "id": identity,
        "holder": "chu-exemple",
        "source": "registre fictif",
        "model": "hospital",
        "model_version": model_of("hospital").version,
        "period": f"{FIRST}-{LAST}",
    }
    write_manifest(out, head, DIALECT, [written])
    return SynthReport(identity, patients, (written,), planted=0, objections=0)


def _stays(patients: int, rng: np.random.Generator) -> dict[str, pa.Array]:
    birth_year, month = rng.integers(1930, 2023, patients), rng.integers(1, 13, patients)
    sex = rng.integers(1, 3, patients)
    home = rng.integers(0, len(world().departments), patients)
    nirs = pa.array(
        [
            _nir(*facts)
            for facts in zip(sex, birth_year, month, home, rng.integers(0, 10**6, patients), strict=True)
        ]
    )
    who = np.repeat(np.arange(patients), 1 + rng.poisson(0.6, patients))
    begins, ends = day(FIRST), day(LAST + 1)
    out = rng.integers(begins + 30, ends, len(who))
    entry = np.maximum(begins - 60, out - rng.geometric(0.2, len(who)))
    model = model_of("hospital")
    codes = codes_for(model, model.tables[TABLE].column("MAIN_DIAGNOSIS")) or frozenset()
    diagnoses = [d for d in world().stays.each("diagnosis", "").tolist() if d in codes and d[0] not in "OZ"]
    return {
        "STAY_NUM": digits(1 + np.arange(len(who)), 12),
        "NIR": nirs.take(pa.array(who)),
        "BIRTH_YEAR": digits(birth_year[who], 4),
        "SEX": pa.array(sex[who]),
        "DEPARTMENT": pa.array(world().departments).take(pa.array(home[who])),
        "ENTRY_DATE": dates(entry),
        "EXIT_DATE": dates(out),
        "EXIT_MODE": pa.array(np.array([8, 8, 8, 8, 7, 6])[rng.integers(0, 6, len(who))]),
        "MAIN_DIAGNOSIS": pa.array(np.array(diagnoses)[rng.integers(0, len(diagnoses), len(who))]),
        "UNIT": pa.array(np.array(UNITS)[rng.integers(0, len(UNITS), len(who))]),
        "CREATININE": decimals(rng.integers(400, 2500, len(who)), 1),
    }


def _nir(sex: int, year: int, month: int, home: int, rest: int) -> str:
    """Sex, year, month, department, commune, order, key. Overseas, three characters of department and two of commune."""
    department = world().departments[home]
    order = SMALLEST_ORDER + rest % (1000 - SMALLEST_ORDER)
    place = (
        f"{department}{1 + rest // 50 % 30:02d}"
        if department in OVERSEAS
        else f"{department[1:]}{1 + rest // 50 % 400:03d}"
    )
    body = f"{sex}{year % 100:02d}{month:02d}{place}{order:03d}"
    return body + nir_key(body)
