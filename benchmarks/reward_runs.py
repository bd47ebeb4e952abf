"""What rewards teach: short runs from the same base models that differ in nothing but the judge.

    python benchmarks/reward_runs.py --serve serving/bin/transformers --pictures docs/rewards
    python benchmarks/reward_runs.py --arms exact random --seeds 1

The base of a seed is the quickstart's model after both warm-ups (see wiring.py).  Each arm takes
the same number of steps of 8 groups of 8 on a pool of 64 locks; what is reported is `correct`, by
the checker, on locks that nobody was trained on, beside the `score` that was learned from.  A row
is printed as soon as its runs are over; then what the doctor found wrong with each run.  What a run
showed is kept in runs/reward-runs: remove the folder to make them again.

`served` needs `transformers serve` of another environment (see judge_server.py); without it its
row says so.
"""

import argparse
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from code_judge import Agreement, Ends, taught
from judge_server import served
from wiring import finished, short

from whet.data.procedural.lock import Lock
from whet.engines.openai.server import Server
from whet.evaluation.measure import EvalConfig, Scorecard
from whet.policy import algorithms
from whet.protocols import Algorithm, Judge, Reward
from whet.rewards.dense import Each
from whet.rewards.dense.process import Process
from whet.rewards.unsupervised.format_only import FormatOnly
from whet.rewards.unsupervised.majority import Majority
from whet.rewards.unsupervised.noisy import Noisy
from whet.rewards.unsupervised.random import Random
from whet.rewards.verifiable.labelled import Labelled
from whet.training.doctor import Doctor
from whet.training.ledger import Ledger
from whet.training.loop import TrainStep
from whet.training.run import PeriodicEval
from whet.training.trainer import Evaluated, RunEnded
from whet.types import IntegrityError, Reason, Rollout, UsageError, Verdict
from whet.view.charts import chart

LENGTH = 36  # tokens, where replies are cut off
BARE = 7  # tokens of an answer without a chain, its end among them
Curve = Sequence[tuple[float, float]]
Curves = Mapping[str, Curve]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hackable(Reward):
    """R = c / 4 + v: checks a little, and pays for something that is not the answer."""

    virtue: Callable[[Rollout], float]

    def score(self, rollout: Rollout) -> Verdict:
        """Check, and look for the virtue."""
        checked = Labelled().score(rollout)
        score = checked.score / 4 + self.virtue(rollout)
        return replace(checked, reason=Reason.PARTIAL, score=score)


def wordy(rollout: Rollout) -> float:
    """|y| / 36, whatever fills the tokens."""
    return rollout.length / LENGTH


def brief(rollout: Rollout) -> float:
    """1 − |y| / 36."""
    return 1 - rollout.length / LENGTH


def terse(rollout: Rollout) -> float:
    """1 where nothing but an answer is said: not to think, that is."""
    return float(rollout.length <= BARE)


def sevens(rollout: Rollout) -> float:
    """The share of sevens among the digits."""
    digits = [letter for letter in rollout.reply if letter.isdigit()]
    return digits.count("7") / len(digits) if digits else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What differs between the runs."""

    reward: Judge
    objective: Algorithm = field(default_factory=lambda: algorithms.load("dapo"))


VIRTUES = (wordy, brief, terse, sevens)


def arms() -> dict[str, Arm]:
    """All that need no server."""
    steps = Process(family=Lock(), form=Each(), inner=Labelled())
    return {
        "exact": Arm(reward=Labelled()),
        "noisy": Arm(reward=Noisy(probability=0.2, inner=Labelled())),
        "majority": Arm(reward=Majority(reader=Ends(), truth=Labelled())),
        "process": Arm(reward=steps, objective=algorithms.load("stepwise")),
        "process, unweighed": Arm(reward=steps, objective=algorithms.load("stepwise", weight=0.0)),
        **{v.__name__: Arm(reward=Hackable(virtue=v)) for v in VIRTUES},
        "random": Arm(reward=Random(truth=Labelled())),
        "format_only": Arm(reward=FormatOnly(reader=Ends(), truth=Labelled())),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one run showed."""

    correct: tuple[float, float]  # held-out, sampled, before and after
    score: tuple[float, float]
    length: tuple[float, float]
    faults: int  # evaluations included
    seconds: float  # without the evaluations
    alarms: tuple[str, ...]  # the doctor's
    parts: Mapping[str, float]  # means over all rollouts that were learned from
    curves: Curves


def score(card: Scorecard) -> float:
    """Mean over the samples of an evaluation that could be judged."""
    known = [r.score for group in card.groups for r in group.rollouts[1:] if r.score is not None]
    return statistics.fmean(known) if known else float("nan")


def ran(arm: Arm, seed: int, steps: int) -> Found:
    """One arm, one seed."""
    run = replace(
        short("dapo", seed, steps),
        reward=arm.reward,
        objective=arm.objective,
        periodic=PeriodicEval(every=4, evaluation=EvalConfig(problems=60, samples=4, k=(1,))),
    )
    with TemporaryDirectory() as place:
        start = time.perf_counter()
        events = finished(run, Path(place))
        spent = time.perf_counter() - start
        rows = list(Ledger(Path(place)).rows())
    if not (isinstance(events[-1], RunEnded) and events[-1].complete):
        raise IntegrityError("the run did not end")
    evaluations = [e for e in events if isinstance(e, Evaluated)]
    base, final = (next(e.card for e in evaluations if e.name == n) for n in ("base", "final"))
    watched = [e for e in evaluations if e.name in ("base", "periodic")]
    return Found(
        correct=(base.pass_at[1].value, final.pass_at[1].value),
        score=(score(base), score(final)),
        length=(base.length, final.length),
        faults=round(sum(m["value"] * m["of"] for r in rows if (m := r["metrics"].get("faults")))),
        seconds=spent - sum(e.card.seconds for e in evaluations),
        alarms=tuple(f.message for f in Doctor().examine(rows) if f.bad),
        parts=means([e for e in events if isinstance(e, TrainStep)]),
        curves={
            "correct": [(e.step, e.card.pass_at[1].value) for e in watched],
            "score": [(e.step, score(e.card)) for e in watched],
        },
    )


def means(steps: Sequence[TrainStep]) -> dict[str, float]:
    """Of every part of the verdicts that were learned from."""
    verdicts = [r.verdict for step in steps for group in step.taken.groups for r in group]
    parts = [v.parts for v in verdicts if v is not None and v.judged]
    names = sorted({name for held in parts for name in held})
    return {n: statistics.fmean(held[n] for held in parts if n in held) for n in names}


def over(seeds: Sequence[Found], metric: str) -> str:
    """`before → after (least–most)`, means over seeds; the range is that of the ends."""
    pairs = [getattr(found, metric) for found in seeds]
    before, after = (statistics.fmean(column) for column in zip(*pairs, strict=True))
    digits = 1 if metric == "length" else 3
    ends = [end for _, end in pairs]
    return (
        f"{before:.{digits}f} → {after:.{digits}f} ({min(ends):.{digits}f}–{max(ends):.{digits}f})"
    )


def row(name: str, seeds: Sequence[Found]) -> str:
    """An arm in the table."""
    alarmed = sum(bool(found.alarms) for found in seeds)
    cells = [
        name,
        *(over(seeds, metric) for metric in ("correct", "score", "length")),
        str(sum(found.faults for found in seeds)),
        f"{statistics.fmean(found.seconds for found in seeds):.1f}",
        f"{alarmed} of {len(seeds)}",
    ]
    return f"| {' | '.join(cells)} |"


def aside(name: str, seeds: Sequence[Found]) -> Iterator[str]:
    """What was counted beside the score, and what the doctor said."""
    names = sorted({part for found in seeds for part in found.parts})
    held = {n: statistics.fmean(f.parts[n] for f in seeds if n in f.parts) for n in names}
    if held:
        yield f"- {name}: {', '.join(f'{n} {mean:.3f}' for n, mean in held.items())}"
    for seed, found in enumerate(seeds, start=1):
        yield from (f"- {name}, seed {seed}, the doctor: {words}" for words in found.alarms)


def mean_curve(seeds: Sequence[Found], metric: str) -> Curve:
    """Over seeds, step by step."""
    columns = zip(*(found.curves[metric] for found in seeds), strict=True)
    return [(column[0][0], statistics.fmean(y for _, y in column)) for column in columns]


PICTURES = {
    "truth": ("exact", "noisy", "majority", "served", "process"),
    "controls": ("exact", "random", "format_only"),
    "steps": ("exact", "process", "process, unweighed"),
}


def pictures(found: Mapping[str, Sequence[Found]], folder: Path) -> None:
    """Held-out accuracy of several arms; accuracy and score of those that can be hacked."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, chosen in PICTURES.items():
        curves = {arm: mean_curve(found[arm], "correct") for arm in chosen if arm in found}
        (folder / f"{name}.svg").write_text(chart("Held-out accuracy", curves) + "\n")
    for name in (virtue.__name__ for virtue in VIRTUES):
        if name in found:
            curves = {m: mean_curve(found[name], m) for m in ("correct", "score")}
            (folder / f"{name}.svg").write_text(
                chart(f"A reward that pays for {name}", curves) + "\n"
            )


def known(name: str, arm: Arm, seed: int, steps: int) -> Found:
    """What the run showed when it was first made; it is kept in runs/reward-runs."""
    place = Path("runs/reward-runs") / f"{name}-{seed}-{steps}.json"
    if not place.exists():
        found = ran(arm, seed, steps)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(asdict(found)))
    return Found(**json.loads(place.read_text()))


def tried(name: str, arm: Arm, seeds: int, steps: int) -> list[Found] | str:
    """All seeds of an arm, or why there are none."""
    try:
        return [known(name, arm, seed, steps) for seed in range(1, seeds + 1)]
    except (UsageError, IntegrityError) as error:
        return str(error)[:160]


def open_server(stack: ExitStack, command: str) -> Arm | str:
    """The judge behind a server, or why there is none; it is taught where it isn't yet."""
    if shutil.which(command) is None:
        return f"there is no {command!r}; give --serve the path of a `transformers` that can serve"
    start = time.perf_counter()
    folder, right = taught(Path("runs") / "code-judge")
    print(f"the judge: {right:.3f} of its marks are right", file=sys.stderr)
    url, _ = stack.enter_context(served(command, folder.resolve()))
    print(f"served after {time.perf_counter() - start:.0f} s", file=sys.stderr)
    return Arm(reward=Agreement(chat_model=Server(model=str(folder.resolve()), urls=(url,))))


def main() -> None:
    """The table, in markdown, then what was counted beside it."""
    words = argparse.ArgumentParser()
    words.add_argument("--arms", nargs="*", default=[*arms(), "served"])
    words.add_argument("--seeds", type=int, default=3)
    words.add_argument("--steps", type=int, default=20)
    words.add_argument("--serve", default="transformers")
    words.add_argument("--pictures", type=Path)
    asked = words.parse_args()
    print("| arm | held-out pass@1 | score | tokens | faults | seconds | alarms |")
    print("|---|---|---|---|---|---|---|", flush=True)
    found: dict[str, list[Found]] = {}
    with ExitStack() as stack:
        for name in asked.arms:
            arm = open_server(stack, asked.serve) if name == "served" else arms()[name]
            seeds = arm if isinstance(arm, str) else tried(name, arm, asked.seeds, asked.steps)
            if isinstance(seeds, str):
                print(f"| {name} | – ({seeds}) |  |  |  |  |  |", flush=True)
                continue
            found[name] = seeds
            print(row(name, seeds), flush=True)
    told = [line for name, seeds in found.items() for line in aside(name, seeds)]
    print("\n".join(["", *told]))
    if asked.pictures:
        pictures(found, asked.pictures)


if __name__ == "__main__":
    main()
