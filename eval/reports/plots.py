"""Plots as inline SVG: values in, markup out. Colours come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from eval.measuring.curves import Bin, Point

_WIDTH, _HEIGHT = 380, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 14, 12, 42
_ROW, _LABEL, _COUNT = 22, 190, 46


class Bar(NamedTuple):
    """A group's value with its interval, all from 0 to 1, and its size."""

    label: str
    value: float
    low: float
    high: float
    queries: int


def risk_coverage_plot(points: Sequence[Point], at: Point | None) -> Markup:
    """Risk over coverage, and a dot where the threshold in use stands."""
    top = max(0.1, math.ceil(max((p.risk for p in points), default=0) * 10) / 10)
    body = [_axes("coverage: share of queries answered", "wrong among answered", top)]
    line = " ".join("{:.1f},{:.1f}".format(*_place(p.coverage, p.risk, top)) for p in points)
    body.append(Markup('<polyline class="line" points="{}"/>').format(line))
    if at:
        body.append(_dot(at.coverage, at.risk, top, 5, f"{at.coverage:.1%}, {at.risk:.1%} wrong"))
    return _svg("Risk-coverage curve", _WIDTH, _HEIGHT, body)


def reliability_plot(bins: Sequence[Bin]) -> Markup:
    """Accuracy over confidence; a dot's area is its number of queries."""
    body = [_axes("confidence", "right first")]
    x0, y0 = _place(0, 0)
    x1, y1 = _place(1, 1)
    body.append(
        Markup('<line class="ideal" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(x0, y0, x1, y1)
    )
    most = max((b.queries for b in bins), default=1)
    for b in bins:
        size = 3 + 9 * math.sqrt(b.queries / most)
        body.append(_dot(b.confidence, b.accuracy, 1.0, size, f"{b.queries} queries"))
    return _svg("Reliability diagram", _WIDTH, _HEIGHT, body)


def bar_plot(title: str, bars: Sequence[Bar]) -> Markup:
    """A row for each group: label, number of queries, bar from 0 to 1 and interval."""
    width, start = 500, _LABEL + _COUNT + 8
    span = width - start - 46
    body = []
    for row, bar in enumerate(bars):
        middle = row * _ROW + _ROW / 2 + 4
        body += [
            _text(_LABEL, middle + 4, bar.label, "end"),
            _text(_LABEL + _COUNT, middle + 4, bar.queries, "end", "faint"),
            Markup('<rect class="bar" x="{}" y="{}" width="{:.1f}" height="12"/>').format(
                start, middle - 6, span * bar.value
            ),
            Markup('<line class="whisker" x1="{:.1f}" y1="{}" x2="{:.1f}" y2="{}"/>').format(
                start + span * bar.low, middle, start + span * bar.high, middle
            ),
            _text(width, middle + 4, f"{bar.value:.3f}", "end"),
        ]
    return _svg(title, width, len(bars) * _ROW + 8, body)


def _place(x: float, y: float, top: float = 1.0) -> tuple[float, float]:
    across = _WIDTH - _LEFT - _RIGHT
    up = _HEIGHT - _TOP - _BOTTOM
    return _LEFT + across * x, _HEIGHT - _BOTTOM - up * y / top


def _axes(x_title: str, y_title: str, top: float = 1.0) -> Markup:
    parts = []
    for step in range(6):
        x, bottom = _place(step / 5, 0)
        left, y = _place(0, top * step / 5, top)
        parts += [
            Markup('<line class="grid" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>').format(
                left, y, _WIDTH - _RIGHT, y
            ),
            _text(x, bottom + 16, f"{step / 5:g}", "middle", "faint"),
            _text(left - 6, y + 4, f"{top * step / 5:.2g}", "end", "faint"),
        ]
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(_text(middle, _HEIGHT - 6, x_title, "middle"))
    parts.append(
        Markup(
            '<text class="text" text-anchor="middle" transform="translate(12 {}) rotate(-90)">'
        ).format((_TOP + _HEIGHT - _BOTTOM) / 2)
        + Markup("{}</text>").format(y_title)
    )
    return Markup("").join(parts)


def _dot(x: float, y: float, top: float, size: float, told: str) -> Markup:
    across, down = _place(x, y, top)
    return Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="{:.1f}">').format(
        across, down, size
    ) + Markup("<title>{}</title></circle>").format(told)


def _text(x: float, y: float, text: object, anchor: str, style: str = "text") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        style, x, y, anchor, text
    )


def _svg(title: str, width: int, height: float, body: Iterable[Markup]) -> Markup:
    opening = Markup('<svg role="img" aria-label="{}" viewBox="0 0 {} {:.0f}" width="{}">').format(
        title, width, height, width
    )
    return opening + Markup("\n").join(body) + Markup("</svg>")
