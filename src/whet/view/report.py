"""The run report: one HTML file that works without a network."""

import json
import time
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from whet import durable
from whet.view import conversation, plays
from whet.view.charts import chart
from whet.view.history import History, Points, Row, count, estimate, value
from whet.view.scorecard import mark, number
from whet.view.visible import visible

REPORT = "report.html"
_PAIRS = 8  # problems shown side by side
_REPLY = 20_000  # characters of a text of theirs


def write(folder: Path, *, refresh: int = 0) -> Path:
    """Write report.html into a run folder, whole or not at all.

    A page with `refresh` is loaded again by the browser after so many seconds.  Raises `UsageError`
    where there is no run.
    """
    html = render(History.of(folder), refresh=refresh)
    durable.write(folder / REPORT, html.encode())
    return folder / REPORT


def render(history: History, *, refresh: int = 0) -> str:
    """The HTML page of the report as text."""
    loader = PackageLoader("whet", "view")
    pages = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    evaluations = [row for row in (history.evaluation("base"), history.evaluation("final")) if row]
    return pages.get_template("report.html.j2").render(
        name=history.folder.name,
        refresh=refresh,
        card=history.card,
        card_text=json.dumps(history.card, indent=1, ensure_ascii=False),
        evaluations=[_headline(row) for row in evaluations],
        finished=history.evaluation("final") is not None,
        charts=[Markup(svg) for svg in charts(history) if svg],
        pairs=_pairs(history),
        plays=plays.newest(history.folder),
        html=conversation.html,
        shown=lambda text: visible(text, _REPLY),
        costs=_costs(history),
        steps=len(history.of_kind("step")),
        written=time.strftime("%H:%M:%S"),
        number=_number,
        n_of=_n_of,
        mark=lambda row: mark(row["score"], correct=row["correct"]),
    )


def charts(history: History) -> list[str]:
    """The curves of a run."""

    def steps(**metrics: str) -> dict[str, Points]:
        found = {name: history.curve("step", metric) for name, metric in metrics.items()}
        return {name.replace("_", " "): points for name, points in found.items()}

    def held_out(metric: str) -> Points:
        return _with_base(history.evaluation("base"), metric, history.curve("periodic", metric))

    return [
        chart("Reward", {"held-out": held_out("reward"), **steps(training="reward")}),
        chart(
            "Accuracy",
            {
                "held-out, greedy": held_out("greedy"),
                "held-out, sampled": held_out("pass@1"),
                **steps(training="correct"),
            },
        ),
        chart(
            "Spread of the reward, training",
            steps(all_rollouts="reward_std", within_groups="reward_std_within"),
        ),
        chart(
            "Response length, tokens",
            steps(mean="length", shortest="length_min", longest="length_max"),
        ),
        chart("Entropy, nats per token", steps(entropy="entropy")),
        chart("KL to the reference, nats per token", steps(KL="kl")),
        chart("Sampler–learner drift, nats per token", steps(mean="drift", largest="drift_max")),
        chart("Gradient norm", steps(norm="grad_norm")),
        chart(
            "Shares of the batch",
            steps(groups_whose_rewards_vary="varied", tokens_that_teach="taught"),
        ),
        chart(
            "Clipped tokens, share",
            steps(upper_bound="clipped_high", lower_bound="clipped_low", masked="masked"),
        ),
        chart("Learning rate", steps(rate="lr")),
        chart(
            "Tokens per second",
            steps(decoded="decoded_per_second", learned_from="learned_per_second"),
        ),
        chart("Warm-up loss", {"loss": _lessons(history)}, across="supervised step"),
    ]


def _with_base(base: Row | None, metric: str, points: Points) -> Points:
    """The curve of periodic evaluations.  It begins with the base evaluation, on the test split."""
    first = value(base, metric) if base else None
    return points if first is None or not points else [(0.0, first), *points]


def _n_of(counts: tuple[int, int], unit: str) -> str:
    return f"{counts[0]} of {counts[1]} {unit}" if counts[1] else "–"


def _number(value: float | None) -> str:
    return "–" if value is None else number(value)


def _lessons(history: History) -> list[tuple[float, float]]:
    losses = (value(row, "loss") for row in history.of_kind("sft"))
    return [(n, y) for n, y in enumerate(losses) if y is not None]


def _headline(row: Row) -> dict[str, Any]:
    passes = [name for name in row["metrics"] if name.startswith("pass@")]
    return {
        "name": {"base": "before", "final": "after"}[row["kind"]],
        "estimates": {
            name: estimate(row, name) for name in ("reward", "greedy_reward", "greedy", *passes)
        },
        "spread": value(row, "reward_std"),
        "spread_within": value(row, "reward_std_within"),
        "graded": value(row, "graded") or 0.0,
        "length": value(row, "length"),
        "cut": count(row, "truncated"),
        "cut_right": count(row, "correct_truncated"),
        "problems": _problems(row),
        "split": row["split"],
        "samples": row["samples"],
        "faults": count(row, "faults"),
        "not_applicable": count(row, "not_applicable"),
    }


def _problems(row: Row) -> int:
    """The number of problems of an evaluation, known or not."""
    held = row["metrics"]
    return round(max(held.get(name, {"of": 0})["of"] for name in ("not_applicable", "greedy")))


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
    """Tokens and seconds of the run, and the tokens saved by prefix sharing."""
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
        "prompt tokens read from the cache": f"{shared:,.0f}",
        "tokens decoded in evaluations": f"{evaluations:,.0f}",
        "seconds of rollouts and rewards": f"{seconds['play']:.1f}",
        "seconds of learning": f"{seconds['learn']:.1f}",
        "seconds of weight delivery and its check": f"{seconds['sync']:.1f}",
        "seconds of warm-up": f"{history.total('sft', 'seconds'):.1f}",
        "seconds of evaluations": f"{measured:.1f}",
    }
