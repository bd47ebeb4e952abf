"""The plainest schedule: so many tasks a step, each played equally often."""

from collections.abc import Iterator
from dataclasses import dataclass

from whet.protocols import Corpus
from whet.types import Decoding, Refusal, Request, seed_of

STREAM = 1 << 32  # tasks of one seed, before the next seed's begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """Seeds are counted, not drawn: seed = h(run, step, place, sample), whoever else is played."""

    prompts: int = 32  # groups a step
    samples: int = 16  # rollouts a group
    decoding: Decoding = Decoding()

    def __post_init__(self) -> None:
        """Refuse steps of nothing."""
        for name in ("prompts", "samples"):
            if getattr(self, name) < 1:
                raise Refusal(f"schedule.{name} is {getattr(self, name)}; give 1 or more")

    def __call__(self, corpus: Corpus, step: int, seed: int) -> Iterator[Request]:
        for place in range(self.prompts):
            task = corpus.task("train", seed * STREAM + step * self.prompts + place)
            seeds = tuple(seed_of(seed, step, place, j) for j in range(self.samples))
            yield Request(task=task, seeds=seeds, decoding=self.decoding)
