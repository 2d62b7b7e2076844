"""The demo ends with a result that can be read: rows shown, small cells hidden, everything verified."""

from pathlib import Path

from support.hubs import environment

from egide.journey.demo import demo

TOLD = (
    "people deliveries rows_in rows_accepted rows_flagged rows_quarantined objects bytes_plain bytes_sealed snapshot"
    " permit query_rows outputs_released cells_suppressed ledger_size ledger_verified seconds"
)


def test_the_whole_way_on_a_small_population(tmp_path: Path) -> None:
    with environment(tmp_path):
        told = demo(tmp_path / "demo", people=600)
    assert set(TOLD.split()) <= told.keys()
    assert told["rows_in"] == told["rows_accepted"] + told["rows_quarantined"]
    assert told["rows_quarantined"] > 0 and told["rows_flagged"] > 0
    assert told["query_rows"] > 5 and told["cells_suppressed"] > 0
    assert told["outputs_released"] == 1 and told["ledger_verified"] is True
    shown = (tmp_path / "demo" / "releases").glob("*/result.csv")
    assert all(line.count(",") == 3 for path in shown for line in path.read_text("utf-8").splitlines())
