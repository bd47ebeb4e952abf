"""The rows of distillation.jsonl as Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from whet.evaluation.statistics.holm import holm
from whet.evaluation.statistics.learning_curve import mean_up_to
from whet.evaluation.statistics.seeds import SeedTest, seed_test
from whet.evaluation.statistics.student import t_interval

Row = Mapping[str, Any]
Values = Mapping[str, Mapping[int, float]]  # arm → seed → value
TEACHER_ARM = "teacher"
Pair = tuple[str, str]  # an arm, and the one that it is compared with
ONCE = ("opd", "gkd_reverse", "gkd_forward", "gkd_jsd", "sft", "grpo")  # one update a step


def _less(other: str) -> tuple[Pair, ...]:
    return tuple((name, other) for name in ONCE if name != other)


# more than six comparisons could not reach .05 with eight bases and Holm's correction
FAMILIES: Mapping[str, tuple[Pair, ...]] = {
    "Less the base": _less("base"),
    "Less `grpo`": _less("grpo"),
    "Less `opd`": _less("opd"),
    "Less `sft`": _less("sft"),
    "Four updates a step": (
        ("opd_4", "opd"),
        ("sft_4", "sft"),
        ("grpo_4", "grpo"),
        ("opd_4", "sft_4"),
        ("opd_4", "grpo_4"),
    ),
}


def table(rows: Sequence[Row], order: Sequence[str]) -> str:
    """The arms, and families of differences, paired on bases."""
    sound = [row for row in rows if not row["error"]]
    arms = {name: {r["seed"]: r for r in sound if r["arm"] == name} for name in order}
    arms = {name: found for name, found in arms.items() if found}
    end = {name: {s: r["pass@1"] for s, r in found.items()} for name, found in arms.items()}
    areas = {name: areas_of(found, arms.get("base", {})) for name, found in arms.items()}
    parts = ["\n".join(taught(rows)), "\n".join(summary(arms, end, areas))]
    for head, pairs in FAMILIES.items():
        if lines := list(differences(pairs, end, areas)):
            parts += [f"### {head}", "\n".join(lines)]
    stopped = [f"`{r['arm']}`, base {r['seed']}: stopped, {r['error']}" for r in rows if r["error"]]
    return "\n\n".join(part for part in (*parts, *stopped) if part)


def taught(rows: Sequence[Row]) -> Iterator[str]:
    """What the teacher can do."""
    for row in rows:
        if row["arm"] == TEACHER_ARM:
            yield (
                f"Teacher, base {row['seed']}: pass@1 {row['pass@1']:.3f}, greedy "
                f"{row['greedy']:.2f}, levels {levels([row])}, {row['length']:.1f} tokens a reply."
            )


def areas_of(found: Mapping[int, Row], bases: Mapping[int, Row]) -> dict[int, float]:
    """The mean dev pass@1 up to the budget; every curve begins with that of its base."""
    areas = dict[int, float]()
    for seed, row in found.items():
        if seed not in bases:
            continue
        start = bases[seed]["curve"][0]
        points = [start, *(p for p in row["curve"] if p[0] > 0)]
        if len(points) == 1:
            points.append([row["budget"], start[1]])  # nothing was trained
        tokens, rates = zip(*points, strict=True)
        areas[seed] = mean_up_to(tokens, rates, budget=row["budget"])
    return areas


def summary(arms: Mapping[str, Mapping[int, Row]], end: Values, areas: Values) -> Iterator[str]:
    """One line per arm: means over bases with Student's 95% intervals."""
    yield (
        "| arm | bases | tokens | updates | pass@1 | area | greedy | levels 1 to 4 | "
        "tokens a reply | CPU s |"
    )
    yield "|" + "---|" * 10
    for name, found in arms.items():
        held = list(found.values())
        tokens, steps, length, cpu = (
            fmean(r[key] for r in held) for key in ("tokens", "steps", "length", "cpu_seconds")
        )
        updates = steps * (4 if name.endswith("_4") else 1)
        yield (
            f"| {name} | {len(held)} | {tokens / 1000:.0f}k | {updates:.0f} | "
            f"{interval(end[name])} | {interval(areas[name])} | "
            f"{fmean(r['greedy'] for r in held):.2f} | {levels(held)} | {length:.1f} | {cpu:.0f} |"
        )


def differences(pairs: Sequence[Pair], end: Values, areas: Values) -> Iterator[str]:
    """Each arm less its own: pass@1 at the end, and the area.  Nothing without common bases."""
    ends, means = (tests(pairs, values) for values in (end, areas))
    if not ends:
        return
    yield "| arm | bases | pass@1 | p | Holm | area | p | Holm |"
    yield "|" + "---|" * 8
    adjusted = [corrected(found) for found in (ends, means)]
    for name, found in ends.items():
        yield (
            f"| {name} | {found.seeds} | {told(found)} | {adjusted[0][name]:.3f} | "
            f"{told(means[name])} | {adjusted[1][name]:.3f} |"
        )


def tests(pairs: Sequence[Pair], values: Values) -> dict[str, SeedTest]:
    """By name, the pairs with two bases or more in common."""
    found = dict[str, SeedTest]()
    for name, other in pairs:
        mine, theirs = values.get(name, {}), values.get(other, {})
        seeds = sorted(mine.keys() & theirs.keys())
        if len(seeds) > 1:
            differ = [mine[seed] - theirs[seed] for seed in seeds]
            found[f"{name} − {other}"] = seed_test(differ)
    return found


def corrected(found: Mapping[str, SeedTest]) -> dict[str, float]:
    """Holm's p-values of a family of comparisons."""
    return holm({name: test.p for name, test in found.items()})


def told(test: SeedTest) -> str:
    """The mean difference with its interval, and Wilcoxon's p."""
    return f"{test.effect:+.3f} [{test.low:+.3f}, {test.high:+.3f}] | {test.p:.3f}"


def interval(values: Mapping[int, float]) -> str:
    """A mean with its interval, or the mean of one value."""
    if len(values) < 2:
        return f"{fmean(values.values()):.3f}" if values else "-"
    return str(t_interval(list(values.values())))


def levels(rows: Sequence[Row]) -> str:
    """Mean pass@1 by level."""
    return " / ".join(
        f"{fmean(column):.2f}" for column in zip(*(r["levels"] for r in rows), strict=True)
    )
