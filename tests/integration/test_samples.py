"""Rows published by others go the whole way as a holder's package: all accounted for, every flag right.

What ought to be flagged is worked out here from the rows themselves, with dictionaries and comparisons of text;
`docs/samples.md` explains it in words, and its table is held to what the store says.
"""

import csv
import gzip
import re
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from support.hubs import new_holder, packed
from support.judge import Judge
from support.plain import write_delivery

from egide.journey.intake import deliver
from egide.model.delivery import RULES
from egide.registry import codes_for
from egide.wiring import Hub

HERE = Path(__file__).parents[1] / "data" / "snds_samples"
ROOT = Path(__file__).parents[2]
TABLES = ("IR_BEN_R", "ER_PRS_F", "ER_PHA_F", "T_MCOaaB", "T_MCOaaC", "KI_CCI_R")
Flag = tuple[str, int, str, str]  # file, line, column, rule


def rows(table: str) -> list[tuple[int, dict[str, str]]]:
    with (HERE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(enumerate(csv.DictReader(file), 2))


@pytest.fixture(scope="module")
def judge(hub: Hub, place: Path) -> Judge:
    files = {f"{table}.csv": (table, (HERE / f"{table}.csv").read_bytes()) for table in TABLES}
    dialect = {"delimiter": ",", "dates": "yyyy-MM-dd"}
    folder = write_delivery(place / "samples", files, id="published", holder="indsante", dialect=dialect)
    holder = new_holder(hub, "indsante", place, threshold="0")
    report = deliver(hub, packed(hub, holder, folder, place / "package"), "indsante")
    return Judge(hub, folder, report)


def after_death() -> set[Flag]:
    """Care after the death that IR_BEN_R gives for the same pseudonym and rank; in the PMSI for the pseudonym alone."""
    deaths = {(p["BEN_NIR_PSA"], p["BEN_RNG_GEM"]): p["BEN_DCD_DTE"] for _, p in rows("IR_BEN_R")}
    alone = {psa: death for (psa, _), death in deaths.items()}
    assert len(alone) == len(deaths)  # no pseudonym is shared: nobody is ambiguous
    services = {
        ("ER_PRS_F.csv", n, "EXE_SOI_DTD", "after-death")
        for n, r in rows("ER_PRS_F")
        if r["EXE_SOI_DTD"] > deaths[r["BEN_NIR_PSA"], r["BEN_RNG_GEM"]]
    }
    return services | {
        ("T_MCOaaC.csv", n, "EXE_SOI_DTD", "after-death")
        for n, r in rows("T_MCOaaC")
        if datetime.strptime(r["EXE_SOI_DTD"], "%d%b%Y:%H:%M:%S").date().isoformat() > alone[r["NIR_ANO_17"]]
    }


def references() -> set[Flag]:
    """Rows that point at nothing delivered. PMSI tables are annual: a stay and its patient line share their year."""
    register = [p for _, p in rows("IR_BEN_R")]
    stays = {(r["SOR_ANN"], r["ETA_NUM"], r["RSA_NUM"]) for _, r in rows("T_MCOaaC")}
    services = [r for _, r in rows("ER_PRS_F")]
    nine = [
        c
        for c in rows("ER_PHA_F")[0][1]
        if c in services[0] and not c.startswith("PHA_") and c != "ORG_CLE_NEW"
    ]
    assert len(nine) == 9
    lines = {tuple(r[c] for c in nine) for r in services}
    pairs = {(p["BEN_NIR_PSA"], p["BEN_RNG_GEM"]) for p in register}
    known = {name: {p[name] for p in register} for name in ("BEN_NIR_PSA", "BEN_IDT_ANO")}
    absent = {
        "T_MCOaaB": ("ETA_NUM", lambda r: (r["SOR_ANN"], r["ETA_NUM"], r["RSA_NUM"]) not in stays),
        "T_MCOaaC": ("NIR_ANO_17", lambda r: r["NIR_ANO_17"] not in known["BEN_NIR_PSA"]),
        "KI_CCI_R": ("BEN_IDT_ANO", lambda r: r["BEN_IDT_ANO"] not in known["BEN_IDT_ANO"]),
        "ER_PRS_F": ("BEN_NIR_PSA", lambda r: (r["BEN_NIR_PSA"], r["BEN_RNG_GEM"]) not in pairs),
        "ER_PHA_F": (nine[0], lambda r: tuple(r[c] for c in nine) not in lines),
    }
    return {
        (f"{table}.csv", n, column, "reference")
        for table, (column, missing) in absent.items()
        for n, r in rows(table)
        if missing(r)
    }


def unknown_codes(judge: Judge) -> set[Flag]:
    """Coded cells whose value is on no list."""
    found = set()
    for table in TABLES:
        for column in judge.delivery.model.tables[table].columns:
            codes = codes_for(judge.delivery.model, column)
            if codes is not None:
                listed = {int(c) if c.isdigit() else c for c in codes} | codes
                found |= {
                    (f"{table}.csv", n, column.name, "unknown-code")
                    for n, r in rows(table)
                    if (value := r.get(column.name, "")) and value not in listed
                }
    return found


def test_every_row_is_accounted_for_and_none_is_refused(judge: Judge) -> None:
    judge.assert_accounted_for()
    assert judge.refusals == []
    assert {name: t.rows_in for name, t in judge.report.tables.items()} == dict.fromkeys(TABLES, 10)
    assert judge.report.data_class == "C3"


def test_every_flag_is_one_that_the_rows_deserve(judge: Judge) -> None:
    assert judge.flags == after_death() | references() | unknown_codes(judge)


def test_drugs_flagged_are_those_missing_from_the_published_list(judge: Judge) -> None:
    with gzip.open(ROOT / "egide/registry/data/snds/codes/cip13.csv.gz", "rt", encoding="utf-8") as file:
        listed = {line["cip13"] for line in csv.DictReader(file, delimiter=";")}
    missing = {n for n, r in rows("ER_PHA_F") if r["PHA_PRS_C13"] not in listed}
    assert {n for file, n, _, rule in judge.flags if rule == "unknown-code"} == missing


def test_the_page_that_explains_says_what_the_store_says(judge: Judge) -> None:
    page = (ROOT / "docs" / "samples.md").read_text("utf-8")
    told = {
        (table, rule, column): (severity, int(count))
        for table, rule, column, severity, count in re.findall(
            r"^\| (\w+) \| `([\w-]+)` \| (\w+) \| (\w+) \| (\d+) \|", page, re.MULTILINE
        )
    }
    counts = Counter((Path(file).stem, rule, column) for file, _, column, rule in judge.flags)
    assert told == {at: (RULES[at[1]].value, n) for at, n in counts.items()}
