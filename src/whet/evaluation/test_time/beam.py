"""Beam search with a step model: of many next steps those with the best scores go on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

from whet.evaluation.test_time.attempt import Answered, Attempt, AttemptContext
from whet.evaluation.test_time.shaped import check_continues, shaped
from whet.evaluation.test_time.step_scores import token_scores
from whet.protocols import OpenPlays, Shape
from whet.rewards.dense.step_models import StepModel
from whet.sampling.structured.growing import Shoot, failed, fork, grown
from whet.sampling.structured.points import said_in_reply, token_at
from whet.types import Play, Request, Rollout, Task, UsageError, seed_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Beam(Attempt):
    """Beam search over steps (Snell et al. 2024, arXiv:2408.03314; from memory).

    width · expand first steps are sampled.  The `width` best of them are kept, by the step model's
    probability at the end of the step.  From each of these `expand` next steps are sampled, and so
    on.  A reply that has ended competes with the others.  When all that are kept have ended, the
    best of them is the answer.  Of equal scores the earlier one is kept.

    A step is at most `step_tokens` tokens, and ends behind the first `mark` in them; without
    a mark, it has all of them.  What was decoded behind a mark is discarded, but counted.
    """

    name: ClassVar[str] = "beam"

    model: StepModel
    width: int = 4
    expand: int = 4
    step_tokens: int = 64
    mark: str = "\n\n"

    def __post_init__(self) -> None:
        """Raise `UsageError` for counts below 1."""
        for name in ("width", "expand", "step_tokens"):
            if getattr(self, name) < 1:
                raise UsageError(f"beam.{name} is {getattr(self, name)}; give 1 or more")

    @property
    def label(self) -> str:
        """The width and the number of next steps."""
        return f"beam({self.width}x{self.expand})"

    async def open(self, context: AttemptContext, task: Task) -> None:
        await check_continues(self.name, "", task, context)

    async def answer(self, task: Task, seed: int, context: AttemptContext) -> Answered:
        return await shaped(BeamShape(beam=self), task, seed, context)


class _Candidate(NamedTuple):
    """A rollout up to the end of a step."""

    score: float
    rollout: Rollout
    tokens: int  # that are kept of it
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BeamShape(Shape):
    """The best reply of a beam search, for each play."""

    resumes: ClassVar[bool] = True

    beam: Beam

    async def roll(self, request: Request, plays: OpenPlays) -> list[Rollout]:
        return [await self._best(play, plays) for play in request.plays]

    async def _best(self, play: Play, plays: OpenPlays) -> Rollout:
        beam, families = self.beam, [self._first(play)]
        kept: list[_Candidate] = []
        while families:
            shoots = [shoot for family in await grown(plays, families) for shoot in family]
            for shoot in shoots:
                if failed(shoot.rollout):
                    return shoot.rollout
            kept = [one for one in kept if one.ended] + await self._scored(shoots)
            kept = sorted(kept, key=lambda one: -one.score)[: beam.width]
            families = [self._next(play, one) for one in kept if not one.ended]
        return kept[0].rollout

    def _first(self, play: Play) -> list[Play]:
        pause = len(play.prefix) + self.beam.step_tokens
        return [
            replace(play, seed=seed_of(play.seed, 0, child), pause_at=pause)
            for child in range(self.beam.width * self.beam.expand)
        ]

    def _next(self, play: Play, one: _Candidate) -> list[Play]:
        pause = one.tokens + self.beam.step_tokens
        return [
            replace(fork(play, one.rollout, one.tokens, child), pause_at=pause)
            for child in range(self.beam.expand)
        ]

    async def _scored(self, shoots: Sequence[Shoot]) -> list[_Candidate]:
        rows = await token_scores(self.beam.model, [shoot.rollout for shoot in shoots])
        return [self._candidate(*pair) for pair in zip(shoots, rows, strict=True)]

    def _candidate(self, shoot: Shoot, row: Sequence[float]) -> _Candidate:
        rollout = shoot.rollout
        at = self._step_end(rollout)
        ended = not shoot.paused and at == rollout.length
        return _Candidate(row[at - 1] if at else 0.0, rollout, at, ended)

    def _step_end(self, rollout: Rollout) -> int:
        """Tokens up to the end of the step: behind the first mark of the new ones, or all."""
        begun, mark = rollout.forked_at, self.beam.mark
        if not mark or not rollout.acts:
            return rollout.length
        text, at = said_in_reply(rollout, 0), 0
        while (at := text.find(mark, at)) >= 0:
            at += len(mark)
            last = token_at(rollout, 0, at - 1)
            if last is not None and last + 1 > max(begun, rollout.forced_len):
                return last + 1
        return rollout.length
