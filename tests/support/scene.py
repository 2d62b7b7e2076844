"""A hub with some history, for proofs that something is done to it."""

from pathlib import Path

from egide.journey.intake import deliver
from egide.journey.make import synth
from egide.wiring import Hub
from support.hubs import new_holder, packed
from support.plain import write_delivery

DATASET = "snds-cnam-c0"
SAMPLES = Path(__file__).parents[1] / "data" / "snds_samples"


def scene(hub: Hub, place: Path) -> Hub:
    """Two snapshots of one dataset, that share manifest parts; one of another; objects of one segment and of many."""
    for year in (2019, 2020):
        synth(place / str(year), people=600, years=range(year, year + 1), seed=3, defects=0.001)
        deliver(hub, place / str(year), "cnam")
    holder = new_holder(hub, "indsante", place)
    files = {f"{t}.csv": (t, (SAMPLES / f"{t}.csv").read_bytes()) for t in ("IR_BEN_R", "ER_PRS_F")}
    dialect = {"delimiter": ",", "dates": "yyyy-MM-dd"}
    folder = write_delivery(place / "samples", files, id="published", holder="indsante", dialect=dialect)
    deliver(hub, packed(hub, holder, folder, place / "package"), "indsante")
    return hub
