"""All companions of a run, asked together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from whet.policy import companions as values
from whet.protocols.algorithm import Algorithm, Companion
from whet.training.assemble import Share
from whet.training.companions import hooks
from whet.training.companions.branches import LiveBranches
from whet.training.companions.coevolving import LiveCoevolving
from whet.training.companions.consistent import LiveConsistent
from whet.training.companions.critic import LiveCritic
from whet.training.companions.demonstrations import LiveDemonstrations, LiveFallback
from whet.training.companions.distinct import LiveDistinct
from whet.training.companions.greedy import LiveGreedy
from whet.training.companions.hints import LiveHints
from whet.training.companions.implicit import LiveImplicitRewards
from whet.training.companions.interleaved import LiveInterleaved
from whet.training.companions.lengths import LiveLengthTargets
from whet.training.companions.memory import LiveExtraRound, LivePastBatches, LiveReplay
from whet.training.companions.moving_mean import LiveMovingMean
from whet.training.companions.paths import LivePathConsistency
from whet.training.companions.probes import LiveProbes
from whet.training.companions.rationalised import LiveRationalised
from whet.training.companions.recall import LiveRecall
from whet.training.companions.reference import LiveReferenceReset
from whet.training.companions.rehearsal import LiveRehearsal
from whet.training.companions.schedules import LiveConvexKL, LiveEntropyTarget
from whet.training.companions.tracker import LiveTracker
from whet.training.stage import Opening, Stage
from whet.types import Group, Metrics, Refusal, Request, Rollout, Scores

_STATES = "companions.pt"

Opened = Callable[[Any, Opening], Any]


def _plain(live: type) -> Opened:
    """Of those that need nothing of it."""
    return lambda value, opening: live(value)


_LIVE: dict[type, Opened] = {
    values.Critic: LiveCritic.open,
    values.ImplicitRewards: LiveImplicitRewards.open,
    values.Coevolving: LiveCoevolving.open,
    values.PathConsistency: _plain(LivePathConsistency),
    values.Consistent: _plain(LiveConsistent),
    values.LengthTargets: _plain(LiveLengthTargets),
    values.Greedy: _plain(LiveGreedy),
    values.Tracker: _plain(LiveTracker),
    values.Probes: _plain(LiveProbes),
    values.Demonstrations: _plain(LiveDemonstrations),
    values.Fallback: _plain(LiveFallback),
    values.Interleaved: _plain(LiveInterleaved),
    values.Hints: _plain(LiveHints),
    values.Branches: _plain(LiveBranches),
    values.MovingMean: _plain(LiveMovingMean),
    values.Rehearsal: _plain(LiveRehearsal),
    values.Rationalised: _plain(LiveRationalised),
    values.Distinct: _plain(LiveDistinct),
    values.Recall: _plain(LiveRecall),
    values.Replay: _plain(LiveReplay),
    values.ExtraRound: _plain(LiveExtraRound),
    values.PastBatches: _plain(LivePastBatches),
    values.EntropyTarget: _plain(LiveEntropyTarget),
    values.ReferenceReset: _plain(LiveReferenceReset),
    values.ConvexKL: _plain(LiveConvexKL),
}


@dataclass(frozen=True, slots=True)
class Crew:
    """The live companions, in the order in which the algorithm names them."""

    members: tuple[Any, ...] = ()

    @classmethod
    def of(cls, companions: Sequence[Companion], opening: Opening) -> "Crew":
        """Give each its life."""
        unknown = [type(c).__name__ for c in companions if type(c) not in _LIVE]
        if unknown:
            known = ", ".join(sorted(kind.__name__ for kind in _LIVE))
            raise Refusal(f"objective.companions has {unknown[0]}; the loop knows {known}")
        return cls(tuple(_LIVE[type(c)](c, opening) for c in companions))

    def plan(self, stage: Stage, requests: Sequence[Request]) -> Sequence[Request]:
        """Who changes what is played?"""
        for member in self._who(hooks.Planning):
            requests = member.plan(stage, requests)
        return requests

    async def join(self, stage: Stage, groups: Sequence[Group]) -> tuple[Group, ...]:
        """Who has more to learn from?"""
        for member in self._who(hooks.Joining):
            groups = await member.join(stage, groups)
        return tuple(groups)

    def adjust(self, stage: Stage, groups: Sequence[Group]) -> Algorithm:
        """The algorithm of this step."""
        algorithm = stage.run.objective
        for member in self._who(hooks.Adjusting):
            algorithm = member.adjust(stage, algorithm, groups)
        return algorithm

    def score(self, scores: Scores, rollouts: Sequence[Rollout]) -> Scores:
        """Who knows more of these rollouts?"""
        for member in self._who(hooks.Scoring):
            scores = member.score(scores, rollouts)
        return scores

    def learn(self, stage: Stage, share: Share, scores: Scores) -> Metrics:
        """Who learns too?"""
        told: dict[str, Any] = {}
        for member in self._who(hooks.Learning):
            told |= member.learn(stage, share, scores)
        return told

    def save(self, folder: Path) -> None:
        """States in one file, models in folders of their own."""
        states = {
            str(i): m.state()
            for i, m in enumerate(self.members)
            if isinstance(m, hooks.Remembering)
        }
        if states:
            torch.save(states, folder / _STATES)
        self._each_model(folder, lambda m, own: (own.mkdir(), m.save(own)))

    def load(self, folder: Path, stage: Stage) -> None:
        """Go on exactly where `save` left off."""
        path = folder / _STATES
        states: dict[str, Any] = torch.load(path) if path.is_file() else {}
        for number, state in states.items():
            self.members[int(number)].restore(state, stage)
        self._each_model(folder, lambda m, own: m.load(own))

    def _who(self, hook: type) -> list[Any]:
        return [member for member in self.members if isinstance(member, hook)]

    def _each_model(self, folder: Path, do: Callable[[Any, Path], object]) -> None:
        for i, member in enumerate(self.members):
            if isinstance(member, hooks.Keeping):
                partial(do, member, folder / f"companion-{i}")()
