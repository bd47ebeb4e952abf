"""Step labels from the checker of a task family."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from whet.data.problems import Problems
from whet.data.spoiled import spoiled
from whet.protocols import Family, Player
from whet.rewards.dense.cutting import Cuts, Separated, spans
from whet.rewards.dense.placing import last_reply, tokens_of
from whet.training.stepmodel.chains import LabelledChain
from whet.types import Rollout, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Worked replies, a share of them with a changed digit or sign, labelled by `Family.steps`.

    A step between two cuts is good if every statement that the checker finds in it is correct. The
    share of changed replies is ours.
    """

    family: Family
    levels: tuple[int, int]
    split: str = "train"
    spoil: float = 0.5
    cuts: Cuts = Separated(mark=";")
    seed: int = 0

    def __post_init__(self) -> None:
        Problems(family=self.family, levels=self.levels, seed=self.seed)
        if not 0 <= self.spoil <= 1:
            raise UsageError(f"checked.spoil is {self.spoil}; give a share from 0 to 1")

    async def chains(self, player: Player, number: int, count: int) -> Sequence[LabelledChain]:
        """Chains with random numbers of their own."""
        return [self._chain(player, f"{self!r}/{number}/{place}") for place in range(count)]

    def _chain(self, player: Player, name: str) -> LabelledChain:
        rng = Random(name)
        problems = Problems(family=self.family, levels=self.levels, seed=self.seed)
        task = problems.task(self.split, rng.getrandbits(62))
        reply = self.family.worked(task, rng)
        if rng.random() < self.spoil:
            reply = spoiled(reply, rng) or reply
        return self.labelled(player.renderer.demonstration(task, reply))

    def labelled(self, rollout: Rollout) -> LabelledChain:
        """The checker's labels of a reply of any origin."""
        steps = self.family.steps(rollout.task, rollout.reply)
        places = [tokens_of(rollout, step.start, step.end).stop - 1 for step in steps]
        found: dict[int, bool] = {}
        for span in spans(self.cuts(rollout), last_reply(rollout)):
            inside = [s.correct for s, at in zip(steps, places, strict=True) if _in(at, span)]
            if inside:
                found[span.stop - 1] = all(inside)
        return LabelledChain(
            rollout=rollout,
            ends=tuple(found),
            labels=tuple(float(good) for good in found.values()),
        )


def _in(place: int, span: slice) -> bool:
    return span.start <= place < span.stop
