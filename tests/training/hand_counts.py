"""Every metric of a step, counted again by plain loops over rollouts, tokens and updates.

No function that whet counts a metric with is called.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from math import expm1
from statistics import stdev
from typing import Any, NamedTuple

from hand_updates import Clip, Update
from witnessed import LR, TICKETS, Witness

from whet.types import Finish, Group, Rollout


class Counted(NamedTuple):
    """The value of a metric, and its denominator; None over nothing."""

    value: float | None
    of: float


def mean(values: list[float]) -> Counted:
    return Counted(sum(values) / len(values) if values else None, len(values))


def single(value: float) -> Counted:
    return Counted(value, 1)


@dataclass(frozen=True)
class Step:
    """One step of a run; `count` counts a metric by its name."""

    witness: Witness
    number: int

    @cached_property
    def updates(self) -> list[Update]:
        return [Update(s) for s in self.witness.updates(self.number)]

    @cached_property
    def taken(self) -> list[Update]:
        return [u for u in self.updates if any(u.trained)]

    @property
    def groups(self) -> tuple[Group, ...]:
        return self.witness.steps[self.number].sampled

    @property
    def rollouts(self) -> list[Rollout]:
        return [r for group in self.groups for r in group]


def scores(rollouts: Any) -> list[float]:
    """NaN is no score: of a fault, and where the reward does not apply."""
    return [r.verdict.score for r in rollouts if r.verdict.score == r.verdict.score]


def known(rollouts: Any) -> list[bool]:
    return [r.verdict.correct for r in rollouts if r.verdict.correct is not None]


def lengths(step: Step) -> list[int]:
    return [sum(s.tokens for s in r.spans if s.version is not None) for r in step.rollouts]


def deviation(found: list[float]) -> Counted:
    return Counted(stdev(found), len(found)) if len(found) > 1 else Counted(None, 0)


def share(step: Step, of: Callable[[Rollout], bool]) -> Counted:
    return mean([float(of(r)) for r in step.rollouts])


def of_updates(step: Step, of: Callable[[Update], list[float]]) -> Counted:
    return mean([x for update in step.taken for x in of(update)])


def of_clips(step: Step, of: Callable[[Clip], bool]) -> Counted:
    return of_updates(step, lambda u: [float(of(clip)) for clip in u.clips])


def drift(step: Step) -> list[float]:
    if not step.taken:
        return []
    first = step.taken[0]
    heard = first.batch.behaviour_logp
    return [abs((first.exact.logp[n] - heard[n]).item()) for n in first.fresh()]


def kl(step: Step) -> Counted:
    batch = step.witness.steps[step.number].batch
    found, n = [], 0
    for rollout in batch.rollouts:
        sampled = [s.version is not None for s in rollout.spans for _ in range(s.tokens)]
        for own, heard in zip(sampled, rollout.behaviour_logp.tolist(), strict=True):
            assert batch.tokens.reference_logp is not None
            x = heard - float(batch.tokens.reference_logp[n])
            found += [expm1(-x) + x] if own else []
            n += 1
    return mean(found)


def over_batch(step: Step, total: float) -> Counted:
    size = sum(sum(r.action_mask.tolist()) for u in step.updates for r in u.rollouts)
    return Counted(total / size, size)


def admitted(step: Step) -> list[bool]:
    taken = step.witness.steps[step.number].taken
    learned = {r.id for group in taken.groups for r in group}
    return [any(r.id in learned for r in group) for group in taken.played]


def spread(group: Group) -> bool:
    found = scores(group)
    return max(found) > min(found)


def first_sampled(group: Group) -> list[list[tuple[tuple[str, int], bool]]]:
    """For each token of each rollout, where it was first (rollout and place), and if by π."""
    by_id, found = {r.id: r for r in group}, []
    for rollout in group:
        own = [s.version is not None for s in rollout.spans for _ in range(s.tokens)]
        places = []
        for k, flag in enumerate(own):
            at = rollout
            while at.parent in by_id and k < at.forked_at:
                at = by_id[at.parent]
            places.append(((at.id, k), flag))
        found.append(places)
    return found


def trees(groups: Iterable[Group]) -> dict[str, Counted]:
    rows = [row for group in groups for row in first_sampled(group)]
    count = len({row[0][0] for row in rows if row}) + sum(not row for row in rows)
    sampled = [token for row in rows for token, own in row if own]
    return {
        "tree_leaves": Counted(len(rows) / count, count),
        "tree_tokens": single(len(set(sampled))),
        "tree_tokens_apart": single(len(sampled)),
        "tree_saved": Counted(1 - len(set(sampled)) / len(sampled), len(sampled)),
    }


HAND: dict[str, Callable[[Step], Counted]] = {
    "reward": lambda s: mean(scores(s.rollouts)),
    "reward_std": lambda s: deviation(scores(s.rollouts)),
    "reward_std_within": lambda s: mean(
        [stdev(found) for g in s.groups if len(found := scores(g)) > 1]
    ),
    "reward_min": lambda s: single(min(scores(s.rollouts))),
    "reward_max": lambda s: single(max(scores(s.rollouts))),
    "graded": lambda s: mean([float(x not in (0, 1)) for x in scores(s.rollouts)]),
    "varied": lambda s: mean([float(spread(g)) for g in s.groups if scores(g)]),
    "correct": lambda s: mean([float(x) for x in known(s.rollouts)]),
    "correct_varied": lambda s: mean(
        [float(len(set(known(g))) == 2) for g in s.groups if known(g)]
    ),
    "shaped": lambda s: mean(
        [float(r.verdict.correct != (r.verdict.score >= 1)) for r in s.rollouts if known([r])]
    ),
    "length": lambda s: mean([float(x) for x in lengths(s)]),
    "length_min": lambda s: single(min(lengths(s))),
    "length_max": lambda s: single(max(lengths(s))),
    "tree_leaves": lambda s: trees(s.groups)["tree_leaves"],
    "tree_tokens": lambda s: trees(s.groups)["tree_tokens"],
    "tree_tokens_apart": lambda s: trees(s.groups)["tree_tokens_apart"],
    "tree_saved": lambda s: trees(s.groups)["tree_saved"],
    "truncated": lambda s: share(s, lambda r: r.finish == Finish.LENGTH),
    "faults": lambda s: share(s, lambda r: r.verdict.note == "away"),
    "not_applicable": lambda s: share(s, lambda r: r.verdict.note == "of another kind"),
    "admitted": lambda s: mean([float(x) for x in admitted(s)]),
    "replaced": lambda s: single(len({id(g) for g in s.groups}) - TICKETS),
    "dropped": lambda s: single(max(0, sum(admitted(s)) - TICKETS)),
    "missing": lambda s: single(max(0, TICKETS - sum(admitted(s)))),
    "rounds": lambda s: single(1),  # the witness's gate admits all
    "loss": lambda s: mean([u.loss.item() for u in s.taken]),
    "entropy": lambda s: of_updates(s, lambda u: u.column(u.exact.entropy)),
    "drift": lambda s: mean(drift(s)),
    "drift_max": lambda s: single(max(drift(s))) if drift(s) else Counted(None, 0),
    "saturated": lambda s: of_updates(s, Update.saturated),
    "clipped": lambda s: of_clips(s, lambda c: c.still),
    "clipped_high": lambda s: of_clips(s, lambda c: c.still and c.advantage > 0),
    "clipped_low": lambda s: of_clips(s, lambda c: c.still and c.advantage < 0),
    "masked": lambda s: of_clips(s, lambda c: c.weightless),
    "observed_nll": lambda s: mean([-x for u in s.taken for x in u.exact.heard.tolist()]),
    "kl": kl,
    "grad_norm": lambda s: mean([u.grad_norm for u in s.taken]),
    "lr": lambda s: single(LR),
    "taught": lambda s: over_batch(s, sum(len(u.tokens) for u in s.updates)),
    "computed": lambda s: over_batch(s, sum(u.seen.read for u in s.updates)),
}
