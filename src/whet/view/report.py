"""The run report: one HTML file that works without a network."""

import json
import os
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from whet.view.charts import chart
from whet.view.history import History, Row, estimate, value

REPORT = "report.html"
_PAIRS = 8  # problems shown side by side


def write(folder: Path) -> Path:
    """Write report.html into a run folder, whole or not at all.

    Raises `UsageError` where there is no run.
    """
    html = render(History.of(folder))
    partial = folder / f"{REPORT}.partial"
    partial.write_text(html, encoding="utf-8")
    os.replace(partial, folder / REPORT)
    return folder / REPORT


def render(history: History) -> str:
    """The page as text."""
    loader = PackageLoader("whet", "view")
    pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    evaluations = [row for row in (history.evaluation("base"), history.evaluation("final")) if row]
    return pages.get_template("report.html.j2").render(
        name=history.folder.name,
        card=history.card,
        card_text=json.dumps(history.card, indent=1, ensure_ascii=False),
        evaluations=[_headline(row) for row in evaluations],
        finished=history.evaluation("final") is not None,
        charts=[Markup(svg) for svg in charts(history) if svg],
        pairs=_pairs(history),
        costs=_costs(history),
        steps=len(history.of_kind("step")),
    )


def charts(history: History) -> list[str]:
    """The curves of a run."""

    def steps(metric: str) -> Any:
        return history.curve("step", metric)

    watched = {name: history.curve("periodic", name) for name in ("greedy", "pass@1")}
    base = history.evaluation("base")
    return [
        chart(
            "Accuracy",
            {
                "held-out, greedy": _with_base(base, "greedy", watched["greedy"]),
                "held-out, sampled": _with_base(base, "pass@1", watched["pass@1"]),
                "training": steps("correct"),
            },
        ),
        chart("Reward", {"reward": steps("reward")}),
        chart("Response length, tokens", {"length": steps("length")}),
        chart("Entropy, nats per token", {"entropy": steps("entropy")}),
        chart(
            "Sampler–learner drift, nats per token",
            {"mean": steps("drift"), "largest": steps("drift_max")},
        ),
        chart("Gradient norm", {"norm": steps("grad_norm")}),
        chart(
            "Shares of the batch",
            {"groups that vary": steps("varied"), "tokens that teach": steps("taught")},
        ),
        chart("Warm-up loss", {"loss": _lessons(history)}, across="supervised step"),
    ]


def _with_base(base: Row | None, metric: str, points: Any) -> Any:
    """The watched curve, begun with the base evaluation (which asks the test split)."""
    first = value(base, metric) if base else None
    return points if first is None or not points else [(0, first), *points]


def _lessons(history: History) -> list[tuple[float, float]]:
    losses = (value(row, "loss") for row in history.of_kind("sft"))
    return [(n, y) for n, y in enumerate(losses) if y is not None]


def _headline(row: Row) -> dict[str, Any]:
    passes = [name for name in row["metrics"] if name.startswith("pass@")]
    return {
        "name": {"base": "before", "final": "after"}[row["kind"]],
        "estimates": {name: estimate(row, name) for name in ("greedy", *passes)},
        "length": value(row, "length"),
        "truncated": value(row, "truncated"),
        "problems": row["metrics"]["greedy"]["of"],
        "samples": row["samples"],
        "faults": row["metrics"]["faults"],
    }


def _pairs(history: History) -> list[dict[str, Any]]:
    """The same problems before and after: greedy, and one sample."""
    base, final = history.evaluation("base"), history.evaluation("final")
    if not base or not final:
        return []
    before = {problem[0]["task_id"]: problem for problem in history.rollouts(base)}
    after = {problem[0]["task_id"]: problem for problem in history.rollouts(final)}
    shared = [name for name in before if name in after][:_PAIRS]
    return [
        {
            "prompt": before[name][0]["turns"][0],
            "answer": before[name][0]["answer"],
            "before": before[name][:2],
            "after": after[name][:2],
        }
        for name in shared
    ]


def _costs(history: History) -> dict[str, str]:
    """Tokens and seconds, and what sharing saved."""
    prefilled, shared, decoded = (
        history.total("step", f"tokens_{name}") for name in ("prefilled", "shared", "decoded")
    )
    evaluations = history.total("base", "tokens") + history.total("final", "tokens")
    evaluations += history.total("periodic", "tokens")
    seconds = {name: history.total("step", f"seconds_{name}") for name in ("play", "learn", "sync")}
    measured = sum(history.total(kind, "seconds") for kind in ("base", "periodic", "final"))
    return {
        "tokens decoded in rollouts": f"{decoded:,.0f}",
        "prompt tokens computed": f"{prefilled:,.0f}",
        "prompt tokens read from memory instead": f"{shared:,.0f}",
        "tokens decoded in evaluations": f"{evaluations:,.0f}",
        "seconds of rollouts and judging": f"{seconds['play']:.1f}",
        "seconds of learning": f"{seconds['learn']:.1f}",
        "seconds of weight delivery and its proof": f"{seconds['sync']:.1f}",
        "seconds of warm-up": f"{history.total('sft', 'seconds'):.1f}",
        "seconds of evaluations": f"{measured:.1f}",
    }
