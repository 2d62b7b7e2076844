"""A correction: a delivery that replaces another makes a new snapshot whose rows are right, and the old one stays."""

import hashlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from support.judge import Judge
from support.kept import kept_by
from support.stored import rows_of

from egide.journey.identity import pseudonymiser
from egide.journey.intake import deliver
from egide.journey.make import synth
from egide.journey.snapshots import snapshot_diff, snapshot_list, snapshot_show, snapshot_verify
from egide.journey.start import generator_key
from egide.model.delivery import Delivery, DeliveryReport
from egide.model.errors import Denied
from egide.model.records import DeliveryRow
from egide.model.table import DataClass
from egide.stages.arrive import read_manifest
from egide.stages.arrive.manifest import write_manifest
from egide.stages.arrive.synthetic import sign_synthetic
from egide.stages.arrive.verify import verify_files
from egide.wiring import Hub

DATASET = "snds-cnam-c0"
Rows = Counter[tuple[object, ...]]


def rewritten(folder: Path, delivery: Delivery) -> Path:
    """The folder under another manifest, hashes and counts as its files now are, signed by the generator."""
    files = []
    for file in delivery.files:
        data = (folder / file.path).read_bytes()
        rows = data.count(b"\n") - 1
        files.append(replace(file, sha256=hashlib.sha256(data).hexdigest(), rows=rows))
    (folder / "delivery.toml").write_bytes(write_manifest(replace(delivery, files=tuple(files))))
    signed = read_manifest(folder)
    verify_files(folder, signed)
    sign_synthetic(folder, signed, {}, generator_key())
    return folder


@pytest.fixture(scope="module")
def reports(hub: Hub, place: Path) -> dict[str, DeliveryReport]:
    """2019, 2020, then a correction of 2019: a fifth of its services gone, the others as they were."""
    made = {}
    for year in (2019, 2020):
        folder = place / str(year)
        synth(folder, people=120, years=range(year, year + 1), seed=6, defects=0.001)
        made[str(year)] = deliver(hub, folder, "cnam")
    folder = place / "corrected"
    synth(folder, people=120, years=range(2019, 2020), seed=6)
    services = (folder / "ER_PRS_F_2019.csv").read_bytes().splitlines(keepends=True)
    drugs = (folder / "ER_PHA_F_2019.csv").read_bytes().splitlines(keepends=True)
    (folder / "ER_PRS_F_2019.csv").write_bytes(
        b"".join(line for n, line in enumerate(services) if n == 0 or n % 5)
    )
    (folder / "ER_PHA_F_2019.csv").write_bytes(b"".join(drugs[:1]))
    before = read_manifest(folder)
    corrected = replace(before, id="corrected", replaces=made["2019"].delivery)
    made["corrected"] = deliver(hub, rewritten(folder, corrected), "cnam")
    return made


def delivered(hub: Hub, place: Path, report: DeliveryReport, folder: str, table: str) -> Rows:
    """The rows of a table that a delivery brought and the hub accepted, as its files say them."""
    judge = Judge(hub, place / folder, report)
    names = [c.name for c in judge.delivery.model.tables[table].columns]
    keyed = pseudonymiser(hub, "snds", DataClass.C0)
    rows: Rows = Counter()
    for file in (f for f in judge.delivery.files if f.table.name == table):
        for _, values in judge.delivery.typed(file, judge.accepted(file), keyed):
            given = dict(zip(file.names, values, strict=True))
            rows[tuple(given.get(n) for n in names)] += 1
    return rows


def held(hub: Hub, place: Path, snapshot: str, table: str, report: DeliveryReport) -> Rows:
    names = [c.name for c in Judge(hub, place / "2019", report).delivery.model.tables[table].columns]
    return Counter(row for row, _, _ in rows_of(hub, snapshot, table, names))


@pytest.mark.parametrize("table", ["ER_PRS_F", "ER_PHA_F", "T_MCOaaB", "T_MCOaaC", "KI_CCI_R"])
def test_the_new_snapshot_holds_the_correction_and_what_it_did_not_touch(
    hub: Hub, place: Path, reports: dict[str, DeliveryReport], table: str
) -> None:
    right = delivered(hub, place, reports["corrected"], "corrected", table)
    right += delivered(hub, place, reports["2020"], "2020", table)
    assert right and held(hub, place, f"{DATASET}@3", table, reports["2019"]) == right


def test_the_register_is_the_last_one_received(
    hub: Hub, place: Path, reports: dict[str, DeliveryReport]
) -> None:
    for sequence, folder in ((1, "2019"), (2, "2020"), (3, "corrected")):
        right = delivered(hub, place, reports[folder], folder, "IR_BEN_R")
        assert held(hub, place, f"{DATASET}@{sequence}", "IR_BEN_R", reports["2019"]) == right


@pytest.mark.parametrize("table", ["ER_PRS_F", "ER_PHA_F", "T_MCOaaC"])
def test_the_snapshots_before_are_as_they_were(
    hub: Hub, place: Path, reports: dict[str, DeliveryReport], table: str
) -> None:
    first = delivered(hub, place, reports["2019"], "2019", table)
    second = first + delivered(hub, place, reports["2020"], "2020", table)
    assert held(hub, place, f"{DATASET}@1", table, reports["2019"]) == first
    assert held(hub, place, f"{DATASET}@2", table, reports["2019"]) == second


def test_the_corrected_rows_are_no_duplicates_of_those_they_replace(
    reports: dict[str, DeliveryReport],
) -> None:
    assert reports["corrected"].total("quarantined") == 0
    assert {rule for t in reports["corrected"].tables.values() for rule, _ in t.rules} <= {"ambiguous-person"}


def test_the_hub_says_so(hub: Hub, reports: dict[str, DeliveryReport]) -> None:
    assert [s["sequence"] for s in snapshot_list(hub, DATASET)] == [1, 2, 3]
    shown = snapshot_show(hub, f"{DATASET}@3")
    assert shown["deliveries"] == [reports["2020"].delivery, "corrected"]
    assert shown["previous"] == snapshot_show(hub, f"{DATASET}@2")["root"]
    changed = snapshot_diff(hub, f"{DATASET}@2", f"{DATASET}@3")
    rows = {(r["table"], r["period"]): (r["before"], r["after"]) for r in changed["rows"]}  # type: ignore[attr-defined]
    assert rows["ER_PHA_F", "2019"][1] == 0 and ("ER_PRS_F", "2020") not in rows
    assert int(str(changed["objects_shared"])) > 0
    before = hub.records.get(DeliveryRow, reports["2019"].delivery, "cnam")
    assert before is not None and before.verdict == "replaced"
    assert snapshot_verify(hub)["altered"] == []


def test_what_was_replaced_is_not_replaced_again(
    hub: Hub, place: Path, reports: dict[str, DeliveryReport]
) -> None:
    before = kept_by(hub)
    delivery = read_manifest(place / "corrected")
    for number, named in enumerate((reports["2019"].delivery, "never-received")):
        wrong = replace(delivery, id=f"wrong-{number}", replaces=named)
        with pytest.raises(Denied) as refused:
            deliver(hub, rewritten(place / "corrected", wrong), "cnam")
        assert refused.value.key == "delivery.replaces-unknown"
    assert kept_by(hub) == before
