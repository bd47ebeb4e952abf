"""Plays of different seeds are independent draws, so long replies are seldom equal."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import comb, log, sqrt

from whet.types import Group, IntegrityError, Rollout

_RARE = 40.0  # nats: a healthy step exceeds the limit with less than e^-40
_SPREAD = 12.0  # standard deviations of the sum over groups


def check_seeds(groups: Iterable[Group]) -> None:
    """Raise `IntegrityError` where rollouts of different seeds are equal more often than by chance.

    Let a text y of log-prob −s be drawn m times by R independent plays.  A union over the sets of
    m plays and over m bounds the probability of that by e^-x, with

        x = (m − 1) s − log C(R, m) − log(R − 1).

    So Σ max(x, 0) over G groups is at most a sum of G exponential variables, which has mean G and
    standard deviation √G.  The limit is G + 12 √G + 40.  A policy that is almost sure of its
    replies has s near 0, and may repeat itself.
    """
    known = [rollouts for group in groups if len(rollouts := _independent(group)) > 1]
    odd = {i: x for i, rollouts in enumerate(known) if (x := _surprise(rollouts)) > 0}
    if sum(odd.values()) <= len(known) + _SPREAD * sqrt(len(known)) + _RARE:
        return
    worst = known[max(odd, key=odd.__getitem__)]
    raise IntegrityError(
        f"seeds are ignored: plays of different seeds have equal replies in {len(odd)} of "
        f"{len(known)} groups, first in task {worst[0].task.id!r}, where chance is below "
        f"e^-{sum(odd.values()):.0f}; the generator has to draw with the seeds that it is given",
        worst,
    )


def _independent(group: Group) -> list[Rollout]:
    """The rollouts that were sampled from their prompt on, one of each seed."""
    own = [r for r in group if not r.parent and r.length and r.decoding.temperature > 0]
    return list({r.seed: r for r in own}.values())


def _surprise(rollouts: Sequence[Rollout]) -> float:
    """The largest x among the texts of a group; 0 where none is there twice."""
    alike: dict[bytes, list[float]] = defaultdict(list)
    for rollout in rollouts:
        alike[rollout.chosen_ids.tobytes()].append(-float(rollout.behaviour_logp.sum()))
    many = len(rollouts)
    return max(
        (len(s) - 1) * min(s) - log(comb(many, len(s))) - log(many - 1) if len(s) > 1 else 0.0
        for s in alike.values()
    )
