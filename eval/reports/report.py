"""``yuanda evaluate --html``: one page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from eval.measuring.curves import chosen, reliability, risk_coverage
from eval.measuring.measures import Outcome
from eval.reports.plots import Bar, bar_plot, reliability_plot, risk_coverage_plot

_MISTAKES = 20
_BARS = ("R@1", "served")


def html_report(
    document: Mapping[str, Any], outcomes: Sequence[Outcome], questions: Mapping[str, str]
) -> str:
    """The report of a run; ``questions`` maps query ids to their texts."""
    environment = Environment(
        loader=PackageLoader("eval.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template("report.html").render(
        document=document,
        risk_coverage=risk_coverage_plot(risk_coverage(outcomes), chosen(outcomes)),
        reliability=reliability_plot(reliability(outcomes)),
        slices={name: _plots(name, groups) for name, groups in document["slices"].items()},
        mistakes=mistakes(outcomes),
        questions=questions,
    )


def mistakes(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The queries that were answered wrongly, the most confident first."""
    wrong = [o for o in outcomes if o.answered and not o.right]
    return sorted(wrong, key=lambda o: (-o.confidence, o.query_id))[:_MISTAKES]


def _plots(name: str, groups: Mapping[str, Any]) -> dict[str, Any]:
    return {
        measure: bar_plot(
            f"{measure} by {name}",
            [
                Bar(value, **group["measures"][measure], queries=group[counted])
                for value, group in groups.items()
                if group[counted]
            ],
        )
        for measure, counted in zip(_BARS, ("answerable", "queries"), strict=True)
    }
