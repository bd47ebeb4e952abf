"""`whet plan RECIPE`: show and check what a recipe will do, before any compute."""

import asyncio
from collections.abc import Sequence
from math import ceil

from whet.cli.commands.train import named
from whet.cli.explain import effective, settings
from whet.cli.explain.memory import memory, most_tokens
from whet.cli.parsing import configured
from whet.engines.digest import hash_rate
from whet.rollouts.checks import PROBE, SEEDS
from whet.sampling.standard import Standard
from whet.sampling.structured.tree import Tree
from whet.training.preflight import preflight
from whet.training.run import Run
from whet.training.workload import (
    evaluation_rollouts,
    evaluation_share,
    first_requests,
    most_rollouts,
)

_MIB = 2**20


def main(words: Sequence[str]) -> int:
    """Print the equation, batch sizes, memory and tokens of a run.

    Raises `UsageError` for a combination that can't work.
    """
    recipe, rest = named(words, "plan")
    run = configured(recipe, rest, "plan").run
    notes = asyncio.run(preflight(run))
    print(
        "\n".join([*effective(run.objective), "", *_batches(run), *_refill(run), "", *memory(run)])
    )
    print("\n".join(_trust(run)))
    for note in notes:
        print(f"note: {note}")
    return 0


def _batches(run: Run) -> list[str]:
    plan = first_requests(run)
    first = sum(len(request.plays) for request in plan)
    most = most_rollouts(run)
    varies, refills = not run.sampling.group_size, run.sampling.gate.max_rounds > 0
    rollouts = f"{first} to {most}" if first < most else f"{most}"
    asked, share = evaluation_rollouts(run), evaluation_share(run, most)
    tokens, each = most_tokens(run)
    lessons = [f"{w.steps} × {w.batch} examples, {settings(w.optimizer)}" for w in run.warmup]
    return [
        *(f"warm-up {i + 1}: at most {lesson}" for i, lesson in enumerate(lessons)),
        f"steps: {run.steps}, each {len(plan)} groups, {rollouts} rollouts, "
        f"{run.minibatches} optimizer steps, {settings(run.optimizer)}",
        *_lag(run),
        *_epochs(run, len(plan)),
        *_rounds(run),
        *_tree(run),
        f"rollouts: {'at most ' * varies}{run.steps * most:,} in all"
        f"{' without replacements' * refills}, at most "
        f"{run.steps * most * tokens:,} tokens{each}"
        f"{' (shared ones counted in each)' * _shares(run)}",
        *_recalls(run),
        f"evaluation: {asked:,} rollouts, {'at least ' * varies}{share:.0%} of the run's, at most "
        f"{asked * tokens:,} tokens{each}",
    ]


def _lag(run: Run) -> list[str]:
    """How much may be under way at a time, where rollouts go on while the learner learns."""
    lag, groups = run.lag, run.sampling.tickets
    if not lag.staleness:
        return []
    most = (lag.staleness + 1) * groups
    return [
        f"lag: rollouts go on while the learner learns; at most {most:,} groups are under way or "
        f"waiting, and each is learned from at most {lag.staleness} steps after its launch"
    ]


def _epochs(run: Run, groups: int) -> list[str]:
    """The number of epochs, for a finite set of training tasks."""
    size = run.corpus.size("train")
    if not size:
        return []
    return [f"data: {size:,} training tasks, {run.steps * groups / size:.3g} epochs"]


def _rounds(run: Run) -> list[str]:
    """The further rounds of a group, where sizes are decided in rounds."""
    further = run.sampling.rounds - run.sampling.gate.max_rounds
    return (
        [f"sizes: decided in up to {further} further round{'s' * (further > 1)} per group"]
        if further
        else []
    )


def _shares(run: Run) -> bool:
    """Whether a play may become several rollouts, which share their first tokens."""
    return isinstance(run.sampling, Standard) and run.sampling.shape.leaves(1) > 1


def _recalls(run: Run) -> list[str]:
    """The groups of earlier steps, which cost no rollouts."""
    if not run.sampling.replays:
        return []
    return ["replay: groups of earlier steps are learned from besides; they cost no rollouts"]


def _tree(run: Run) -> list[str]:
    """The most leaves of a full tree, and what it samples where no path ends early."""
    if not isinstance(run.sampling, Standard) or not isinstance(run.sampling.shape, Tree):
        return []
    shape = run.sampling.shape
    costs = shape.costs(run.decoding.max_new_tokens)
    return [
        f"trees: at most {shape.leaves(1)} rollouts from each play; replies of "
        f"{run.decoding.max_new_tokens} tokens would sample {costs.tree:,} tokens a tree, "
        f"{costs.saving:.0%} less than independent ones ({costs.chains:,})"
    ]


def _refill(run: Run) -> list[str]:
    """The replacement of rejected groups, if the gate has one."""
    gate = run.sampling.gate
    if not gate.max_rounds:
        return []
    tickets = run.sampling.tickets
    most = ceil(gate.oversample * tickets) * (1 + gate.max_rounds)
    rollouts = ceil(most_rollouts(run) * most / tickets)
    return [
        f"refill: rejected groups are replaced in up to {gate.max_rounds} more rounds, at most "
        f"{most} groups and {rollouts} rollouts a step"
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
