"""The hospital's register: invented NIRs that are well formed, in a folder that no generator vouches for."""

import csv
import hashlib
import tomllib
from pathlib import Path

import pytest

from egide.model.errors import BadUsage
from egide.registry import codes_for, model_of, resolve
from egide.synth.hospital import nir_key, write_hospital

# Worked examples: the number that INSEE's own notice uses, and Corsica by hand (19 for 2A, 18 for 2B).
KEYS = {
    "2550814168025": 38,
    "185052A024015": 97 - 1850519024015 % 97,
    "185052B024015": 97 - 1850518024015 % 97,
}


@pytest.mark.parametrize(("body", "key"), KEYS.items())
def test_the_key_of_a_nir(body: str, key: int) -> None:
    assert nir_key(body) == f"{key:02d}"


def read(folder: Path) -> list[dict[str, str]]:
    with (folder / "HOSPITAL_STAYS.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_a_register_of_well_formed_nirs(tmp_path: Path) -> None:
    report = write_hospital(tmp_path / "a", patients=3000, seed=5)
    stays = read(tmp_path / "a")
    assert report.rows == len(stays) >= 3000
    for stay in stays:
        body, key = stay["NIR"][:13], int(stay["NIR"][13:])
        number = int(body.replace("2A", "19").replace("2B", "18"))
        assert len(stay["NIR"]) == 15 and (number + key) % 97 == 0
        assert body[1:3] == stay["BIRTH_YEAR"][2:] and body[0] == stay["SEX"]
    departments = {stay["NIR"][5:7] for stay in stays}
    assert {"2A", "2B", "97", "75"} <= departments
    assert len({s["STAY_NUM"] for s in stays}) == len(stays) > len({s["NIR"] for s in stays})


def test_the_register_fits_the_hospital_model(tmp_path: Path) -> None:
    write_hospital(tmp_path / "a", patients=200, seed=5)
    manifest = tomllib.loads((tmp_path / "a" / "delivery.toml").read_text("utf-8"))
    assert (manifest["holder"], manifest["model"]) == ("chu-exemple", "hospital")
    model = model_of(manifest["model"], manifest["model_version"])
    table, _ = resolve(model, manifest["file"][0]["table"])
    at_holder = {c.holder_name or c.name: c for c in table.columns}
    for stay in read(tmp_path / "a"):
        assert stay.keys() == at_holder.keys()
        for name, value in stay.items():
            codes = codes_for(model, at_holder[name])
            assert codes is None or value in codes
    assert {p.name for p in (tmp_path / "a").iterdir()} == {"delivery.toml", "HOSPITAL_STAYS.csv"}
    assert (
        hashlib.sha256((tmp_path / "a" / "HOSPITAL_STAYS.csv").read_bytes()).hexdigest()
        == manifest["file"][0]["sha256"]
    )


def test_the_same_seed_gives_the_same_register(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_hospital(tmp_path / name, patients=50, seed=seed)
    a, b, c = ((tmp_path / n / "HOSPITAL_STAYS.csv").read_bytes() for n in "abc")
    assert a == b != c


@pytest.mark.parametrize("wrong", [{"patients": 0}, {"seed": -2}])
def test_arguments_that_make_no_sense(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(BadUsage):
        write_hospital(tmp_path / "a", **({"patients": 5, "seed": 1} | wrong))
