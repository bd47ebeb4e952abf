"""The rows of test_time_compute.jsonl as Markdown."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scipy.stats import t

Row = Mapping[str, Any]
SHOWN = (1, 2, 4, 8, 16, 32, 64, 128)
CURVES = ("majority", "early_stop", "best_of_n", "weighted_vote")
GAINS = (0.05, 0.10)
BUDGETS = (4, 8, 16)  # in tokens of a single sample


HEADS = (
    "### The step model, on problems of the dev split",
    "### Choices among k plain samples",
    "### One answer of an attempt",
    "### Tokens for 5 and 10 points over a single sample, in multiples of its tokens\n\n"
    "Median over seeds, least and largest.",
    "### k chains of m steps with a majority vote, at equal tokens",
)


def table(rows: Sequence[Row]) -> str:
    """All tables: means over seeds with 95% intervals of Student's t."""
    by_arm: dict[str, list[Row]] = {}
    for row in rows:
        by_arm.setdefault(row["arm"], []).append(row)
    parts = [_quality(by_arm), _curves(by_arm), _chains(by_arm), _multipliers(by_arm)]
    parts.append(_equal(by_arm))
    seeds = sorted({row["seed"] for row in by_arm.get("single", [])})
    heads = (f"Seeds: {', '.join(map(str, seeds))}.", *HEADS)
    return "\n\n".join(
        text
        for head, part in zip(heads, ([], *parts), strict=True)
        for text in (head, "\n".join(part))
        if text
    )


def _quality(arms: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """The step model by seed."""
    yield "| seed | labelled steps | good | AUROC of steps | AUROC of replies |"
    yield "|" + "---|" * 5
    for row in sorted(arms.get("step_model", []), key=lambda row: row["seed"]):
        yield (
            f"| {row['seed']} | {row['steps']} | {row['good']:.3f} | {row['auroc_steps']:.3f} | "
            f"{row['auroc_replies']:.3f} |"
        )


def _curves(arms: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Accuracy of choices among plain samples."""
    yield f"| k | tokens | {' | '.join(CURVES)} | tokens of early_stop |"
    yield "|" + "---|" * (3 + len(CURVES))
    for k in SHOWN:
        cells = [mean(_at(arms.get(name, []), k, "accuracy")) for name in CURVES]
        tokens = mean(_at(arms.get("majority", []), k, "tokens"), ".0f")
        stopped = mean(_at(arms.get("early_stop", []), k, "tokens"), ".0f")
        yield f"| {k} | {tokens} | {' | '.join(cells)} | {stopped} |"


def _chains(arms: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """One answer of each attempt."""
    yield "| attempt | accuracy | tokens | × single | cut off | faults |"
    yield "|" + "---|" * 6
    for name, rows in arms.items():
        if name == "step_model" or "+" in name or name in CURVES:
            continue
        tokens = [row["tokens"][0] for row in rows]
        cut = [row["truncated"] / row["samples"] for row in rows]
        times = [row["tokens"][0] / base for row, base in _with_base(rows, arms)]
        yield (
            f"| {name} | {mean([row['accuracy'][0] for row in rows])} | {mean(tokens, '.1f')} | "
            f"{mean(times, '.2f')} | {statistics.fmean(cut):.3f} | "
            f"{sum(row['faults'] for row in rows)} |"
        )


def _multipliers(arms: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Tokens for a gain over a single sample, as multiples of its tokens."""
    yield f"| strategy | {' | '.join(f'+{100 * gain:.0f} points' for gain in GAINS)} |"
    yield "|" + "---|" * (1 + len(GAINS))
    for name, rows in arms.items():
        if name not in ("step_model", "single"):
            yield f"| {name} | {' | '.join(_gained(rows, arms, gain) for gain in GAINS)} |"


def _gained(rows: Sequence[Row], arms: Mapping[str, Sequence[Row]], gain: float) -> str:
    """Least and largest multiplier over seeds, and in how many of them it was reached."""
    found = []
    bases = {row["seed"]: row for row in arms["single"]}
    for row in rows:
        base = bases[row["seed"]]
        pairs = zip(row["accuracy"], row["tokens"], strict=True)
        enough = [tokens for right, tokens in pairs if right >= base["accuracy"][0] + gain]
        if enough:
            found.append(min(enough) / base["tokens"][0])
    if not found:
        return "not reached"
    some = "" if len(found) == len(rows) else f" (reached in {len(found)} of {len(rows)} seeds)"
    return f"{statistics.median(found):.1f} ({min(found):.1f}–{max(found):.1f}){some}"


def _equal(arms: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """K chains of m steps, voted on, at equal tokens."""
    heads = " | ".join(f"{budget}× single" for budget in BUDGETS)
    yield f"| mixed | {heads} |"
    yield "|" + "---|" * (1 + len(BUDGETS))
    for name, rows in arms.items():
        if name == "majority" or name.endswith("+majority"):
            yield f"| {name} | {' | '.join(_within(rows, arms, b) for b in BUDGETS)} |"


def _within(rows: Sequence[Row], arms: Mapping[str, Sequence[Row]], budget: int) -> str:
    """The accuracy with the largest k that fits."""
    found, ks = [], set()
    for row, base in _with_base(rows, arms):
        fits = [at for at, tokens in enumerate(row["tokens"]) if tokens <= budget * base]
        if fits:
            found.append(row["accuracy"][fits[-1]])
            ks.add(row["k"][fits[-1]])
    if len(found) < len(rows):
        return "does not fit"
    return f"{mean(found)}, k {min(ks)}" + (f"–{max(ks)}" if len(ks) > 1 else "")


def _with_base(
    rows: Sequence[Row], arms: Mapping[str, Sequence[Row]]
) -> Iterator[tuple[Row, float]]:
    """Each row with the tokens of a single sample of its seed."""
    bases = {row["seed"]: row["tokens"][0] for row in arms["single"]}
    for row in rows:
        yield row, bases[row["seed"]]


def _at(rows: Sequence[Row], k: int, name: str) -> list[float]:
    return [row[name][row["k"].index(k)] for row in rows if k in row["k"]]


def mean(values: Sequence[float], form: str = ".3f") -> str:
    """The mean with its interval; of one value, the value."""
    if len(values) < 2:  # noqa: PLR2004
        return ", ".join(format(value, form) for value in values)
    middle = statistics.fmean(values)
    width = float(t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / len(values) ** 0.5
    return f"{middle:{form}} [{middle - width:{form}}, {middle + width:{form}}]"
