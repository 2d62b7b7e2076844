"""What a hub and its people agree on: a class declared by two persons, rules that a holder's agreement makes stricter."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from egide.journey import make, start
from egide.journey.access import Actor
from egide.journey.intake import deliver
from egide.journey.look import quarantine_show
from egide.model.act import AccountRole
from egide.model.errors import BadUsage, Denied
from egide.wiring import Hub


def unsigned(folder: Path, seed: int, defects: float = 0.0) -> Path:
    """A synthetic delivery that lost its generator's manifest."""
    make.synth(folder, people=60, years=range(2020, 2021), seed=seed, defects=defects)
    (folder / "generator.json").unlink()
    return folder


@pytest.fixture(scope="module")
def two(hub: Hub) -> Sequence[Actor]:
    start.add_account(hub, "second", [AccountRole.OWNER])
    return [start.acting(hub, start.identity_path(hub, name)) for name in ("owner", "second")]


def test_two_persons_may_declare_a_delivery_public(hub: Hub, two: Sequence[Actor], tmp_path: Path) -> None:
    folder = unsigned(tmp_path / "d", 11)
    with pytest.raises(Denied) as refused_:
        deliver(hub, folder, "cnam")
    assert refused_.value.key == "delivery.not-packaged"
    for declared in (two[:1], [two[0], two[0]]):
        with pytest.raises(Denied) as refused_:
            deliver(hub, folder, "cnam", declared=declared)
        assert refused_.value.key == "act.not-two-persons"
    report = deliver(hub, folder, "cnam", declared=two)
    assert (report.verdict, report.data_class) == ("accepted", "C0")


def test_an_agreement_turns_a_flag_into_a_refusal(hub: Hub, two: Sequence[Actor], tmp_path: Path) -> None:
    start.add_holder(hub, "strict", "snds", promoted=("unknown-code", "after-death"), threshold="0.9")
    folder = unsigned(tmp_path / "d", 12, defects=0.002)
    manifest = folder / "delivery.toml"
    manifest.write_text(manifest.read_text("utf-8").replace('holder = "cnam"', 'holder = "strict"'), "utf-8")
    report = deliver(hub, folder, "strict", declared=two)
    rules = {rule for table in report.tables.values() for rule, _ in table.rules}
    kept = [why for table in report.tables.values() for why in table.rules if why[0] == "reference"]
    refused = quarantine_show(hub, report.delivery, limit=100_000)
    promoted = [row for row in refused if row["rule"] in ("unknown-code", "after-death")]
    assert promoted and kept and {"unknown-code", "after-death"} <= rules
    assert report.total("rows_in") == report.total("accepted") + len(refused)
    with pytest.raises(BadUsage) as refused_:
        start.add_holder(hub, "other", "snds", promoted=("type",))
    assert refused_.value.key == "holder.rule"
