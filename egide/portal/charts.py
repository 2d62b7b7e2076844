"""The geometry of the charts, in numbers; `templates/charts.html` draws it as SVG.

Shapes are laid out on a box of 100 by 100 that stretches with the page; every word stays HTML beside it, so that it
is never too small to read, and each chart has its table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

GAP = 0.14  # of a column's width
LEAST = 0.6  # what is not zero is seen


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: int
    width: float  # 0 to 100
    note: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Columns:
    """A histogram or a series over time."""

    boxes: tuple[Box, ...]
    top: int  # the value at the upper edge

    @property
    def ticks(self) -> tuple[str, ...]:
        """Labels of the first, the middle and the last column."""
        if len(self.boxes) < 3:
            return tuple(b.label for b in self.boxes)
        return tuple(self.boxes[i].label for i in (0, len(self.boxes) // 2, -1))


@dataclass(frozen=True, slots=True)
class Line:
    """A value over time: `path` and `area` are SVG path data."""

    points: tuple[tuple[str, int], ...]
    path: str
    area: str
    top: int

    @property
    def ticks(self) -> tuple[str, ...]:
        if len(self.points) < 3:
            return tuple(p[0] for p in self.points)
        return tuple(self.points[i][0] for i in (0, len(self.points) // 2, -1))


@dataclass(frozen=True, slots=True)
class Piece:
    series: str
    value: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Stack:
    label: str
    total: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """One arm of a flow: from `start` to `end` on the left edge, to its own place on the right."""

    name: str
    value: int
    path: str
    middle: float  # where its label stands, 0 (top) to 100


@dataclass(frozen=True, slots=True)
class Flow:
    total: int
    branches: tuple[Branch, ...]


def bars(rows: Iterable[tuple[str, int] | tuple[str, int, str]]) -> tuple[Bar, ...]:
    """Horizontal bars beside the longest of them."""
    listed = [(*row, "")[:3] for row in rows]
    longest = max((value for _, value, _ in listed), default=0) or 1
    return tuple(
        Bar(label, value, _seen(100 * value / longest, value), note) for label, value, note in listed
    )


def columns(rows: Sequence[tuple[str, int]]) -> Columns:
    top = round_up(max((value for _, value in rows), default=0))
    step = 100 / len(rows) if rows else 100
    boxes = []
    for i, (label, value) in enumerate(rows):
        height = _seen(100 * value / top, value)
        boxes.append(
            Box(_r(i * step + step * GAP / 2), _r(100 - height), _r(step * (1 - GAP)), height, label, value)
        )
    return Columns(tuple(boxes), top)


def line(rows: Sequence[tuple[str, int]]) -> Line:
    top = round_up(max((value for _, value in rows), default=0))
    step = 100 / max(1, len(rows) - 1)
    points = [(_r(i * step), _r(100 - 100 * value / top)) for i, (_, value) in enumerate(rows)]
    if len(points) == 1:
        points.append((100.0, points[0][1]))
    path = "M" + " L".join(f"{x} {y}" for x, y in points) if points else ""
    return Line(tuple(rows), path, f"{path} L100 100 L0 100 Z" if path else "", top)


def stacks(rows: Iterable[tuple[str, Mapping[str, int]]]) -> tuple[Stack, ...]:
    """Each row filled to its own whole: shares are compared, not sizes. What is not zero is seen."""
    made = []
    for label, series in rows:
        total = sum(series.values())
        widths = {name: _seen(100 * value / total, value) if total else 0.0 for name, value in series.items()}
        scale = 100 / (sum(widths.values()) or 1)
        pieces, x = [], 0.0
        for name, value in series.items():
            width = widths[name] * scale
            pieces.append(Piece(name, value, _r(x), _r(width)))
            x += width
        made.append(Stack(label, total, tuple(pieces)))
    return tuple(made)


def flow(parts: Mapping[str, int]) -> Flow:
    """One whole on the left that parts on the right; the widths say how much went each way."""
    total = sum(parts.values())
    shown = {name: max(100 * n / total, 2.0) if n else 0.0 for name, n in parts.items()} if total else {}
    scale = 70 / (sum(shown.values()) or 1)
    space = 30 / max(1, len(parts) - 1)
    branches, left, right = [], 15.0, 0.0
    for name, width in shown.items():
        height = width * scale
        branches.append(Branch(name, parts[name], _arm(left, right, height), _r(right + height / 2)))
        left, right = left + height, right + height + space
    return Flow(total, tuple(branches))


def _arm(left: float, right: float, height: float) -> str:
    """A band between two edges of the box, as SVG path data."""
    a, b, c, d = _r(left), _r(left + height), _r(right), _r(right + height)
    return f"M0 {a} C50 {a} 50 {c} 100 {c} L100 {d} C50 {d} 50 {b} 0 {b} Z"


def round_up(value: int) -> int:
    """The next number that can be read on a scale: one digit or two, and zeros."""
    power = 1
    while True:
        for tenths in (10, 12, 15, 20, 25, 30, 40, 50, 60, 80):
            if tenths * power >= max(1, value) * 10 and tenths * power % 10 == 0:
                return tenths * power // 10
        power *= 10


def _seen(width: float, value: int) -> float:
    return _r(max(width, LEAST) if value else 0.0)


def _r(number: float) -> float:
    return round(number, 2)
