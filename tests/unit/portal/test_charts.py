"""Charts keep their proportions, show what is not zero, and stay inside their box."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egide.portal import charts

values = st.integers(0, 10**9)


@given(st.lists(values, min_size=1, max_size=30))
def test_bars_compare_to_the_longest(numbers: list[int]) -> None:
    drawn = charts.bars([(str(i), n) for i, n in enumerate(numbers)])
    for bar in drawn:
        assert 0 <= bar.width <= 100
        assert (bar.width > 0) == (bar.value > 0)
        if bar.width > charts.LEAST:
            assert bar.width == pytest.approx(100 * bar.value / max(numbers), abs=0.01)


@given(st.lists(values, min_size=1, max_size=40))
def test_columns_stay_in_their_box_and_below_the_scale(numbers: list[int]) -> None:
    drawn = charts.columns([(str(i), n) for i, n in enumerate(numbers)])
    assert drawn.top >= max(numbers)
    for box in drawn.boxes:
        assert box.x >= 0
        assert box.x + box.width <= 100.05
        assert box.y + box.height == pytest.approx(100, abs=0.02)


@given(st.dictionaries(st.sampled_from(["clean", "flagged", "quarantined"]), values, min_size=1))
def test_stacks_fill_their_row(series: dict[str, int]) -> None:
    (stack,) = charts.stacks([("T", series)])
    assert stack.total == sum(series.values())
    if stack.total:
        assert sum(p.width for p in stack.pieces) == pytest.approx(100, abs=0.1)
        assert all(p.width > 0 for p in stack.pieces if p.value)


@given(st.dictionaries(st.sampled_from(["accepted", "quarantined", "other"]), values, min_size=1))
def test_a_flow_loses_nothing(parts: dict[str, int]) -> None:
    drawn = charts.flow(parts)
    assert drawn.total == sum(parts.values())
    assert sum(b.value for b in drawn.branches) == drawn.total
    for branch in drawn.branches:
        assert all(-0.01 <= float(n) <= 100.01 for n in re.findall(r"-?\d+\.?\d*", branch.path))


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (7, 8), (11, 12), (5900, 6000), (6001, 8000), (99_999, 100_000)]
)
def test_scales_end_on_a_number_that_can_be_read(value: int, top: int) -> None:
    assert charts.round_up(value) == top


def test_nothing_to_draw_is_drawn() -> None:
    assert charts.bars([]) == ()
    assert charts.columns([]).boxes == ()
    assert charts.line([]).path == ""
    assert charts.flow({"accepted": 0}).total == 0
