"""The generator of SNDS deliveries: clean when asked, defective where it says, the same bytes each time."""

import csv
import hashlib
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from plain_check import PlainCheck

from egide.model.delivery import RULES
from egide.model.errors import BadUsage
from egide.registry import columns_for, resolve
from egide.synth import snds
from egide.synth.people import BLOCK
from egide.synth.snds import SynthReport, write

YEARS = range(2019, 2021)
PEOPLE = 400


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def answers(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "answers" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean") / "out"
    write(folder, people=PEOPLE, years=YEARS, seed=7)
    return folder


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SynthReport]:
    folder = tmp_path_factory.mktemp("spoilt") / "out"
    return folder, write(folder, people=PEOPLE, years=YEARS, seed=7, defects=0.002)


@pytest.fixture(scope="module")
def judged(spoilt: tuple[Path, SynthReport]) -> PlainCheck:
    return PlainCheck(spoilt[0])


@pytest.fixture(scope="module")
def checked(clean: Path) -> PlainCheck:
    return PlainCheck(clean)


def test_the_same_seed_gives_the_same_bytes(clean: Path, tmp_path: Path) -> None:
    write(tmp_path / "again", people=PEOPLE, years=YEARS, seed=7)
    assert hashes(tmp_path / "again") == hashes(clean)


def test_another_seed_gives_other_bytes(clean: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", people=PEOPLE, years=YEARS, seed=8)
    other, first = hashes(tmp_path / "other"), hashes(clean)
    assert other.keys() == first.keys()
    assert all(other[name] != first[name] for name in first if name not in ("answers/defects.csv",))


def test_the_manifest_tells_the_truth(clean: Path, checked: PlainCheck) -> None:
    manifest = checked.manifest
    assert (manifest["holder"], manifest["model"], manifest["period"]) == ("cnam", "snds", "2019-2020")
    for file in manifest["file"]:
        data = (clean / file["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        assert data.count(b"\n") - 1 == file["rows"]
    assert {f["path"] for f in manifest["file"]} == {p.name for p in clean.glob("*.csv")}


def test_a_clean_delivery_has_nothing_to_refuse_or_flag(checked: PlainCheck) -> None:
    assert Counter(rule for _, _, rule, _ in checked.found) == {}
    assert sum(len(found) for found in checked.rows.values()) == sum(checked.counts.values())


def test_every_column_is_one_of_the_registry_in_that_year(clean: Path, checked: PlainCheck) -> None:
    for file in checked.manifest["file"]:
        table, year = resolve(checked.model, file["table"])
        with (clean / file["path"]).open(encoding="utf-8") as lines:
            names = lines.readline().strip().split(";")
        assert set(names) <= {c.name for c in columns_for(table, year)}
        assert set(table.key) | set(table.person.columns) <= set(names)


def test_the_answer_key_is_exactly_what_a_plain_checker_finds(
    spoilt: tuple[Path, SynthReport], judged: PlainCheck
) -> None:
    folder, report = spoilt
    key = {(a["file"], int(a["line"]), a["rule"], a["severity"]) for a in answers(folder, "defects")}
    assert len(key) == report.planted
    assert judged.found == key


def test_every_kind_of_defect_is_planted_even_in_small_files(spoilt: tuple[Path, SynthReport]) -> None:
    folder, _ = spoilt
    planted = {(a["file"], a["rule"]) for a in answers(folder, "defects")}
    of_rows = {rule for rule, severity in RULES.items() if severity.value != "note"} - {"ambiguous-person"}
    assert {rule for _, rule in planted} == of_rows
    assert {rule for file, rule in planted if file == "ER_PRS_F_2019.csv"} == of_rows
    assert all(RULES[a["rule"]].value == a["severity"] for a in answers(folder, "defects"))


def test_named_columns_are_those_of_the_file(spoilt: tuple[Path, SynthReport]) -> None:
    folder, _ = spoilt
    for answer in answers(folder, "defects"):
        names = (folder / answer["file"]).read_bytes().split(b"\n", 1)[0].decode().split(";")
        assert answer["column"] in {*names, ""}
        if answer["rule"] in ("type", "width", "unknown-code", "null-key", "after-death"):
            assert answer["column"]


def test_persons_are_named_as_the_snds_names_them(clean: Path) -> None:
    people = rows(clean, "IR_BEN_R.csv")
    assert len({(p["BEN_NIR_PSA"], p["BEN_RNG_GEM"]) for p in people}) == len(people)
    for person in people:
        known = person["BEN_NIR_ANO"] != ""
        assert person["BEN_IDT_TOP"] == ("1" if known else "0")
        assert person["BEN_IDT_ANO"] == (
            person["BEN_NIR_ANO"] if known else person["BEN_NIR_PSA"] + person["BEN_RNG_GEM"]
        )
    shared = Counter(p["BEN_NIR_PSA"] for p in people)
    assert 0.05 < sum(n for n in shared.values() if n > 1) / len(people) < 0.15
    twice = Counter(p["BEN_NIR_ANO"] for p in people if p["BEN_NIR_ANO"])
    assert set(twice.values()) == {1, 2}
    assert any(p["BEN_NIR_ANO"] == "" for p in people)


def test_nobody_is_cared_for_before_birth_nor_after_death(clean: Path) -> None:
    life = {(p["BEN_NIR_PSA"], p["BEN_RNG_GEM"]): p for p in rows(clean, "IR_BEN_R.csv")}
    for line in rows(clean, "ER_PRS_F_2020.csv"):
        person = life[line["BEN_NIR_PSA"], line["BEN_RNG_GEM"]]
        cared, flowed = (
            datetime.strptime(line[c], "%d/%m/%Y").date() for c in ("EXE_SOI_DTD", "FLX_DIS_DTD")
        )
        assert (cared.year, cared.month) >= (int(person["BEN_NAI_ANN"]), int(person["BEN_NAI_MOI"]))
        assert cared < flowed and flowed.year == 2020
        assert (line["BEN_SEX_COD"], line["BEN_NAI_ANN"]) == (person["BEN_SEX_COD"], person["BEN_NAI_ANN"])


def test_a_line_taken_back_repeats_the_line_before_it(clean: Path) -> None:
    lines = rows(clean, "ER_PRS_F_2019.csv")
    back = [n for n, line in enumerate(lines) if Decimal(line["PRS_ACT_QTE"]) < 0]
    assert 0.005 < len(back) / len(lines) < 0.03
    signed = {"PRS_ACT_QTE", "PRS_PAI_MNT", "BSE_REM_BSE", "PRS_ORD_NUM", "BSE_REM_MNT"}
    for n in back:
        taken, given = lines[n], lines[n - 1]
        assert {k: v for k, v in taken.items() if k not in signed} == {
            k: v for k, v in given.items() if k not in signed
        }
        assert Decimal(taken["PRS_PAI_MNT"]) == -Decimal(given["PRS_PAI_MNT"])
        assert int(taken["PRS_ORD_NUM"]) == int(given["PRS_ORD_NUM"]) + 1


def test_packs_add_up_to_their_line_of_service(clean: Path) -> None:
    drugs: Counter[tuple[str, str]] = Counter()
    for drug in rows(clean, "ER_PHA_F_2019.csv"):
        cents = int(drug["PHA_ACT_QSN"]) * Decimal(drug["PHA_ACT_PRU"]) * 100
        drugs[drug["DCT_ORD_NUM"], drug["PRS_ORD_NUM"]] += int(cents)
    lines = {(s["DCT_ORD_NUM"], s["PRS_ORD_NUM"]): s for s in rows(clean, "ER_PRS_F_2019.csv")}
    assert all(Decimal(lines[key]["BSE_REM_BSE"]) * 100 == cents for key, cents in drugs.items())


def test_stays_and_patients_pair_off_and_the_dead_have_a_cause(clean: Path) -> None:
    stays, patients = rows(clean, "T_MCO19B.csv"), rows(clean, "T_MCO19C.csv")
    assert [(s["ETA_NUM"], s["RSA_NUM"]) for s in stays] == [(p["ETA_NUM"], p["RSA_NUM"]) for p in patients]
    dead = {p["BEN_IDT_ANO"]: p for p in rows(clean, "IR_BEN_R.csv") if p["BEN_DCD_DTE"].endswith("2019")}
    causes = rows(clean, "KI_CCI_R_2019.csv")
    assert {c["BEN_IDT_ANO"] for c in causes} == set(dead)
    assert all(c["BEN_DCD_DTE"] == dead[c["BEN_IDT_ANO"]]["BEN_DCD_DTE"] for c in causes)


def test_drugs_follow_illness(clean: Path) -> None:
    """Metformin and its like go to those whom the ground truth says are diabetic."""
    from egide.synth.world import world

    made = world()
    packs = {str(p) for p in made.packs[made.pack_start[0] : made.pack_start[0] + made.pack_count[0]]}
    ill = {
        (t["BEN_NIR_PSA"], t["BEN_RNG_GEM"]) for t in answers(clean, "truth") if t["illness"] == "diabetes"
    }
    register = rows(clean, "IR_BEN_R.csv")
    ano = {
        p["BEN_NIR_ANO"] for p in register if (p["BEN_NIR_PSA"], p["BEN_RNG_GEM"]) in ill and p["BEN_NIR_ANO"]
    }
    ill |= {(p["BEN_NIR_PSA"], p["BEN_RNG_GEM"]) for p in register if p["BEN_NIR_ANO"] in ano}
    of = {
        (s["DCT_ORD_NUM"], s["PRS_ORD_NUM"]): (s["BEN_NIR_PSA"], s["BEN_RNG_GEM"])
        for s in rows(clean, "ER_PRS_F_2020.csv")
    }
    given = [
        of[d["DCT_ORD_NUM"], d["PRS_ORD_NUM"]]
        for d in rows(clean, "ER_PHA_F_2020.csv")
        if d["PHA_PRS_C13"] in packs
    ]
    assert given and set(given) <= ill


def test_ambiguous_stays_are_those_of_shared_pseudonyms(checked: PlainCheck, judged: PlainCheck) -> None:
    for check in (checked, judged):
        shared = {
            psa for psa, n in Counter(r["BEN_NIR_PSA"] for _, _, r in check.rows["IR_BEN_R"]).items() if n > 1
        }
        listed = {
            (a["file"], int(a["line"]))
            for a in answers(check.folder, "ambiguous")
            if a["file"].endswith("C.csv")
        }
        assert listed == {(path, n) for path, n, r in check.rows["T_MCOaaC"] if r["NIR_ANO_17"] in shared}
        assert listed


def test_some_people_object(clean: Path) -> None:
    known = {(p["BEN_NIR_PSA"], p["BEN_RNG_GEM"]) for p in rows(clean, "IR_BEN_R.csv")}
    objections = {(o["BEN_NIR_PSA"], o["BEN_RNG_GEM"]) for o in answers(clean, "objections")}
    assert objections and objections <= known


def test_truth_is_dated(clean: Path) -> None:
    assert all(date.fromisoformat(t["onset"]) for t in answers(clean, "truth"))


def test_blocks_do_not_depend_on_one_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What bounds memory: a person's rows are the same whatever comes after the block, and keys never meet."""
    assert BLOCK <= 20_000
    monkeypatch.setattr(snds, "BLOCK", 100)
    monkeypatch.setattr("egide.synth.people.BLOCK", 100)
    write(tmp_path / "one", people=100, years=YEARS, seed=3)
    write(tmp_path / "three", people=300, years=YEARS, seed=3)
    for path in (tmp_path / "one").glob("*.csv"):
        assert (tmp_path / "three" / path.name).read_bytes().startswith(path.read_bytes())
    assert PlainCheck(tmp_path / "three").found == set()


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write(
        tmp_path / "out",
        people=60,
        years=range(2019, 2020),
        seed=1,
        progress=lambda done, of: told.append((done, of)),
    )
    assert told == [(60, 60)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": 3},
        {"years": range(2019, 2019)},
        {"years": range(1999, 2020)},
        {"years": range(2019, 2023, 2)},
        {"seed": -1},
        {"defects": 0.5},
        {"defects": -0.1},
    ],
)
def test_arguments_that_make_no_sense_are_refused_before_a_byte_is_written(
    tmp_path: Path, wrong: dict[str, object]
) -> None:
    sound: dict[str, object] = {"people": 60, "years": YEARS, "seed": 1, "defects": 0.0}
    with pytest.raises(BadUsage) as refused:
        write(tmp_path / "out", **(sound | wrong))
    assert not (tmp_path / "out").exists()
    assert refused.value.in_language("fr") != refused.value.in_language("en")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    with pytest.raises(BadUsage):
        write(tmp_path, people=60, years=YEARS, seed=1)
    assert [p.name for p in tmp_path.iterdir()] == ["kept.txt"]
