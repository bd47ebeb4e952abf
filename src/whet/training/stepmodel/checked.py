"""Labels from a family's own checker."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from whet.data.problems import Problems
from whet.data.spoiled import spoiled
from whet.protocols import Family, Player
from whet.rewards.dense.cutting import Cuts, Separated, spans
from whet.rewards.dense.placing import last_reply, tokens_of
from whet.training.stepmodel.chains import Chain
from whet.types import Refusal, Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Worked replies, some with a digit or sign changed; `Family.steps` says what still follows.

    A step between two cuts is good if all that the checker finds in it follows.  How many replies
    are spoiled is ours.
    """

    family: Family
    levels: tuple[int, int]
    split: str = "train"
    spoil: float = 0.5
    cuts: Cuts = Separated(mark=";")
    seed: int = 0

    def __post_init__(self) -> None:
        """Levels are the family's business, the share is ours."""
        Problems(family=self.family, levels=self.levels, seed=self.seed)
        if not 0 <= self.spoil <= 1:
            raise Refusal(f"checked.spoil is {self.spoil}; give a share from 0 to 1")

    async def chains(self, player: Player, number: int, count: int) -> Sequence[Chain]:
        """Each from dice of its own."""
        return [self._chain(player, f"{self!r}/{number}/{place}") for place in range(count)]

    def _chain(self, player: Player, name: str) -> Chain:
        dice = Random(name)
        problems = Problems(family=self.family, levels=self.levels, seed=self.seed)
        task = problems.task(self.split, dice.getrandbits(62))
        reply = self.family.worked(task, dice)
        if dice.random() < self.spoil:
            reply = spoiled(reply, dice) or reply
        return self.labelled(player.renderer.demonstration(task, reply))

    def labelled(self, rollout: Rollout) -> Chain:
        """What the checker says of a reply, whoever wrote it."""
        steps = self.family.steps(rollout.task, rollout.reply)
        places = [tokens_of(rollout, step.start, step.end).stop - 1 for step in steps]
        found: dict[int, bool] = {}
        for span in spans(self.cuts(rollout), last_reply(rollout)):
            inside = [s.correct for s, at in zip(steps, places, strict=True) if _in(at, span)]
            if inside:
                found[span.stop - 1] = all(inside)
        return Chain(
            rollout=rollout,
            ends=tuple(found),
            labels=tuple(float(good) for good in found.values()),
        )


def _in(place: int, span: slice) -> bool:
    return span.start <= place < span.stop
