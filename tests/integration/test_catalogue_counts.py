"""The catalogue counts what the snapshot holds: once, after one delivery or several, and only delivered columns."""

from pathlib import Path

from egide.journey import catalogue, make
from egide.journey.intake import deliver
from egide.journey.snapshots import snapshot_show
from egide.model.records import ProfileRow
from egide.wiring import Hub


def counted(hub: Hub) -> dict[str, int]:
    return {row.table: row.rows for row in hub.records.where(ProfileRow, dataset="snds-cnam-c0")}


def held(hub: Hub) -> dict[str, int]:
    rows: dict[str, int] = {}
    for part in snapshot_show(hub, "snds-cnam-c0")["parts"]:
        rows[part["table"]] = rows.get(part["table"], 0) + part["rows"]
    return rows


def test_profiles_count_every_row_once(hub: Hub, tmp_path: Path) -> None:
    make.synth(tmp_path / "one", people=60, years=range(2019, 2020), seed=1)
    deliver(hub, tmp_path / "one", "cnam")
    assert counted(hub) == held(hub)
    make.synth(tmp_path / "two", people=60, years=range(2020, 2021), seed=2)
    deliver(hub, tmp_path / "two", "cnam")
    assert counted(hub) == held(hub)
    columns = catalogue.catalogue_show(hub, "snds-cnam-c0/ER_PRS_F")["columns"]
    with (tmp_path / "one" / "ER_PRS_F_2019.csv").open(encoding="utf-8") as file:
        delivered = file.readline().strip().split(";")
    assert {c["column"] for c in columns} == set(delivered)
