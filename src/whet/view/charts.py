"""Line charts as SVG text: no script, no font, no network.

A report is written often during a run, so it has to be cheap: eight charts of
400 steps take 0.01 s of CPU here, 0.8 s in matplotlib, 0.95 s in altair (LOG.md).
"""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from typing import NamedTuple

Point = tuple[float, float]
COLOURS = ("#1f6feb", "#d1570a", "#2f8f4e", "#8250df", "#b3261e", "#57606a")
_INK, _GREY = "#24292f", "#57606a"
_WIDTH, _HEIGHT = 460, 240
_LETTER = 5.6  # pixels, on average
_MANY = 60  # from this number of points on they are drawn smaller
_BUCKETS = 200  # stretches of a long curve
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 30, 34


class Frame(NamedTuple):
    """The ranges of both axes of a chart."""

    left: float
    right: float
    low: float
    high: float
    marks: tuple[float, ...]  # round numbers from low to high

    def x(self, value: float) -> float:
        """The distance of a number from the left, in pixels."""
        inner = _WIDTH - _LEFT - _RIGHT
        return _LEFT + inner * (value - self.left) / ((self.right - self.left) or 1)

    def y(self, value: float) -> float:
        """The distance of a number from the top, in pixels."""
        inner = _HEIGHT - _TOP - _BOTTOM
        return _TOP + inner * (1 - (value - self.low) / ((self.high - self.low) or 1))


def chart(title: str, curves: Mapping[str, Sequence[Point]], across: str = "step") -> str:
    """Curves over one axis, with a legend; a point shows its numbers on hover."""
    known = {name: points for name, points in curves.items() if points}
    if not known:
        return ""
    frame = _frame([p for points in known.values() for p in points])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        _text(_LEFT, 14, title, "start", _INK),
        *_axes(frame, across),
    ]
    at = _WIDTH - _RIGHT
    for colour, (name, points) in reversed(list(zip(COLOURS, known.items(), strict=False))):
        parts += _curve(frame, name, points, colour)
        if len(known) > 1:
            parts.append(_text(at, 14, name, "end", colour))
            at -= _LETTER * len(name) + 12
    return "\n".join([*parts, "</svg>"])


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers that span low … high: 1, 2 or 5 times a power of ten apart."""
    span = (high - low) or abs(high) or 1.0
    raw = span / count
    power = 10.0 ** floor(log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [k * step for k in range(first, last + 1)]


def thinned(points: Sequence[Point]) -> Sequence[Point]:
    """About 400 points that look the same: the ends, and the extremes of equal stretches."""
    if len(points) <= 2 * _BUCKETS:
        return points
    edges = [len(points) * n // _BUCKETS for n in range(_BUCKETS + 1)]
    kept: list[Point] = []
    for start, end in pairwise(edges):
        extremes = {
            min(range(start, end), key=lambda n: points[n][1]),
            max(range(start, end), key=lambda n: points[n][1]),
        }
        kept += [points[n] for n in sorted(extremes)]
    return [points[0], *kept, points[-1]]


def _frame(points: Sequence[Point]) -> Frame:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    marks = ticks(min(ys), max(ys))
    low, high = marks[0], marks[-1]
    return Frame(min(xs), max(xs), low, high if high > low else low + 1, tuple(marks))


def _axes(frame: Frame, across: str) -> list[str]:
    lines = []
    for mark in frame.marks:
        y, right = frame.y(mark), _WIDTH - _RIGHT
        lines.append(
            f'<line x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e8ec"/>'
        )
        lines.append(_text(_LEFT - 6, y + 4, f"{mark:.4g}", "end", _GREY))
    for mark in ticks(frame.left, frame.right):
        if frame.left <= mark <= frame.right:
            below = _HEIGHT - _BOTTOM + 15
            lines.append(_text(frame.x(mark), below, f"{mark:.4g}", "middle", _GREY))
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    return [*lines, _text(middle, _HEIGHT - 4, across, "middle", _GREY)]


def _curve(frame: Frame, name: str, points: Sequence[Point], colour: str) -> list[str]:
    points = thinned(points)
    places = [(frame.x(x), frame.y(y)) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
    radius = 2.4 if len(points) < _MANY else 1.2
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}">'
        f"<title>{escape(name)}: {value:.4g} at {at:.4g}</title></circle>"
        for (x, y), (at, value) in zip(places, points, strict=True)
    ]
    return [line, *dots]


def _text(x: float, y: float, said: str, anchor: str, colour: str) -> str:
    at = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {at}>{escape(said)}</text>"
