"""The rows of world_learning.jsonl as Markdown."""

import statistics
from collections.abc import Mapping, Sequence

from scipy.stats import t

Row = Mapping[str, object]


def table(found: Sequence[Row]) -> str:
    """The rows as Markdown: means over seeds with 95 % intervals of Student's t."""
    lines = ["| world | measured | base | trained | coin | seeds | seconds |", "|" + "---|" * 7]
    for world in dict.fromkeys(str(row["world"]) for row in found):
        own = [row for row in found if row["world"] == world]
        arms = {arm: [row for row in own if row["arm"] == arm] for arm in ("verdict", "coin")}
        seeds = f"{len(arms['verdict'])}, {len(arms['coin'])}"
        seconds = span([float(str(row["seconds"])) for row in arms["verdict"]])
        for name in sorted({key.partition(": ")[2] for row in own for key in row if ": " in key}):
            cells = [
                mean([float(str(row[key])) for row in arms[arm] if key in row])
                for arm, key in (
                    ("verdict", f"base: {name}"),
                    ("verdict", f"trained: {name}"),
                    ("coin", f"trained: {name}"),
                )
            ]
            lines.append(f"| {world} | {name} | {' | '.join(cells)} | {seeds} | {seconds} |")
    return "\n".join([*lines, "", *players_table(found)])


def players_table(found: Sequence[Row]) -> list[str]:
    """Mean scores of the players without a model."""
    lines = ["| world | random | silent | expert |", "|" + "---|" * 4]
    for row in found:
        if row["arm"] == "players":
            cells = (f"{float(str(row[name])):.3f}" for name in ("random", "silent", "expert"))
            lines.append(f"| {row['world']} | {' | '.join(cells)} |")
    return lines


def mean(values: Sequence[float]) -> str:
    """The mean with its interval; without two values, no interval."""
    if len(values) < 2:  # noqa: PLR2004
        return ", ".join(f"{value:.3f}" for value in values)
    middle = statistics.mean(values)
    width = float(t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / len(values) ** 0.5
    return f"{middle:.3f} [{middle - width:.3f}, {middle + width:.3f}]"


def span(values: Sequence[float]) -> str:
    """The least and the largest."""
    return f"{min(values):.0f}–{max(values):.0f}" if values else ""
