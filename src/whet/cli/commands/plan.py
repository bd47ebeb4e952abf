"""`whet plan RECIPE`: show and check what a recipe will do, before any compute."""

import asyncio
from collections.abc import Iterator, Sequence
from math import ceil

from whet.cli.commands.train import named
from whet.cli.explain import effective, settings
from whet.cli.parsing import configured
from whet.engines.digest import hash_rate
from whet.policy.clipping import Unclipped
from whet.policy.inspection import warnings
from whet.policy.objective import Objective, Term
from whet.policy.ratios import LogLikelihood
from whet.protocols import Now, SamplingSetup
from whet.rollouts.checks import PROBE, SEEDS
from whet.training.idle_settings import idle_settings
from whet.training.preflight import preflight
from whet.training.run import Run
from whet.training.validation import run_spec
from whet.types import Need, Request

_GIB, _MIB = 2**30, 2**20
_MUCH = 0.25  # of a run's rollouts, for evaluation


def main(words: Sequence[str]) -> int:
    """Print the equation, batch sizes, memory and tokens of a run.

    Raises `UsageError` for a combination that can't work.
    """
    recipe, rest = named(words, "plan")
    run = configured(recipe, rest, "plan").run
    inputs = asyncio.run(preflight(run))
    print(
        "\n".join([*effective(run.objective), "", *_batches(run), *_refill(run), "", *_memory(run)])
    )
    print("\n".join(_trust(run)))
    for note in (*inputs, *_notes(run), *warnings(run, run_spec(run)), *idle_settings(run)):
        print(f"note: {note}")
    return 0


def _batches(run: Run) -> list[str]:
    plan = _first(run)
    rollouts = sum(len(request.plays) for request in plan)
    longest = sum(play.decoding.max_new_tokens for request in plan for play in request.plays)
    asked = _evaluation(run)
    lessons = [f"{w.steps} × {w.batch} examples, {settings(w.optimizer)}" for w in run.warmup]
    return [
        *(f"warm-up {i + 1}: at most {lesson}" for i, lesson in enumerate(lessons)),
        f"steps: {run.steps}, each {len(plan)} groups, {rollouts} rollouts, "
        f"{run.minibatches} optimizer steps, {settings(run.optimizer)}",
        *_epochs(run, len(plan)),
        f"rollouts: {run.steps * rollouts:,} in all, at most {run.steps * longest:,} tokens",
        f"evaluation: {asked:,} rollouts, {_share(run, rollouts):.0%} of the run's, at most "
        f"{asked * run.decoding.max_new_tokens:,} tokens",
    ]


def _evaluation(run: Run) -> int:
    """Rollouts of the base, periodic and final evaluations, at most: a split may have fewer."""
    every = run.periodic.every
    periodic = run.steps // every + bool(run.steps % every) if every else 0
    return 2 * run.evaluation.rollouts + periodic * run.periodic.evaluation.rollouts


def _share(run: Run, each: int) -> float:
    """Share of evaluation rollouts in all rollouts, with `each` training rollouts per step."""
    asked = _evaluation(run)
    return asked / (asked + run.steps * each)


def _epochs(run: Run, groups: int) -> list[str]:
    """The number of epochs, for a finite set of training tasks."""
    size = run.corpus.size("train")
    if not size:
        return []
    return [f"data: {size:,} training tasks, {run.steps * groups / size:.3g} epochs"]


def _first(run: Run) -> Sequence[Request]:
    """The requests of the first step."""
    setup = SamplingSetup(corpus=run.corpus, seed=run.seed, steps=run.steps)
    now = Now(step=0, steps=run.steps, version=0, metrics={})
    return run.sampling.open(setup).next(run.sampling.tickets, now)


def _refill(run: Run) -> list[str]:
    """The replacement of rejected groups, if the gate has one."""
    gate = run.sampling.gate
    if not gate.max_rounds:
        return []
    most = ceil(gate.oversample * run.sampling.tickets) * (1 + gate.max_rounds)
    return [
        f"refill: rejected groups are replaced in up to {gate.max_rounds} more rounds, at most "
        f"{most} groups a step"
    ]


def _trust(run: Run) -> list[str]:
    """The cost per step of the checks of weights and log-probs, for this model and machine."""
    size = run.model.size()
    weights = size.parameters * size.weight_bytes
    seconds = 2 * weights / hash_rate()
    return [
        f"checks: weights hashed twice a step, 2 × {weights / _MIB:,.1f} MiB, about "
        f"{1000 * seconds:,.1f} ms here; {len(SEEDS)} × {PROBE.max_new_tokens} tokens sampled and "
        "scored"
    ]


def _memory(run: Run) -> list[str]:
    size = run.model.size()
    weights = size.parameters * size.weight_bytes / _GIB
    copies = 3 if Need.REFERENCE in run.objective.needs else 2
    lora = run.engine.lora is not None
    training = 0.0 if lora else 3 * weights
    slots = run.engine.slots
    cache = slots * run.decoding.max_new_tokens * size.cache_bytes / _GIB
    return [
        f"model: {size.parameters:,} parameters, {size.positions} positions",
        f"memory: weights {copies} × {weights:.2f} GiB, gradients and AdamW "
        f"{'of the adapters only' if lora else f'{training:.2f} GiB'}, "
        f"cache of {slots} rollouts at most {cache:.2f} GiB; activations are extra",
    ]


def _notes(run: Run) -> Iterator[str]:
    """Notes on settings that are valid but may be unintended."""
    how = run.decoding
    if how.top_p < 1 or how.top_k or how.min_p:
        yield (
            "sampling is truncated (top_p, top_k or min_p), but log-probs are of the whole "
            "distribution: rollouts are slightly off-policy"
        )
    if run.reward is None:
        yield "the run has no reward: the environment has to judge"
    if run.minibatches > 1 and any(_unrelated(term) for term in _terms(run)):
        yield (
            "the objective has log π_θ in place of a ratio, and minibatches is "
            f"{run.minibatches}: all optimizer steps of a step but the first are off-policy, "
            "without a correction"
        )
    share = _share(run, sum(len(request.plays) for request in _first(run)))
    if run.steps and share > _MUCH:
        yield (
            f"evaluation is {share:.0%} of the run's rollouts; evaluate less often "
            f"(periodic.every is {run.periodic.every}) or on less (periodic.evaluation, evaluation)"
        )
    if not run.periodic.every:
        yield "the run has no periodic evaluation (periodic.every is 0)"


def _terms(run: Run) -> tuple[Term, ...]:
    return run.objective.terms if isinstance(run.objective, Objective) else ()


def _unrelated(term: Term) -> bool:
    """Whether a term weighs log π_θ by Â without a ratio, a clip or a correction."""
    free = isinstance(term.ratio, LogLikelihood) and isinstance(term.clipping, Unclipped)
    return free and not term.corrections and term.on is None
