"""What a conversation costs when its keys are kept, and when every turn begins anew.

    python benchmarks/sessions.py
    python benchmarks/sessions.py --talks 64 --turns 16 --pairs 5

Talks of so many turns, each 4 tokens of the world and 4 chosen ones; with forks, every talk is
continued 4 times from the middle on.  Both sides have the same weights, rows and seeds and say the
same tokens.  *Sessions* keep and fork their keys; *anew* ends the session after every turn, so that
the next one computes its whole row (equal rows are still computed once).

Counts are exact.  Times are CPU seconds of this process, both sides in turn, A B A B …; ratios are
taken pair by pair.
"""

import argparse
import asyncio
import statistics
import time
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from engine import MODELS, model_of

from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.generator import EmbeddedGenerator
from whet.types import Decoding, seed_of

HEARD, SAID, BRANCHES = 4, 4, 4
HOW = Decoding(max_new_tokens=SAID)


@dataclass(frozen=True)
class Talk:
    """A row of tokens, and whose keys it begins with."""

    name: str
    row: tuple[int, ...] = ()
    fork_of: str = ""


@dataclass(frozen=True)
class Play:
    """One side's work."""

    generator: EmbeddedGenerator
    turns: int
    forked: bool
    anew: bool

    async def talk(self, talk: Talk, first: int = 0) -> list[tuple[int, ...]]:
        """The rows that a talk becomes."""
        row = talk.row
        for turn in range(first, self.turns):
            if self.forked and turn == self.turns // 2 != first:
                return await self._branch(talk.name, row)
            rng = Random(f"{talk.name} {turn}")
            row += tuple(rng.randrange(5, 40) for _ in range(HEARD))
            name = f"{talk.name} {turn}" if self.anew else talk.name
            fork_of = "" if self.anew or turn != first else talk.fork_of
            said = await self.generator.generate(
                row, HOW, seed=seed_of(talk.name), offset=len(row), session=name, fork_of=fork_of
            )
            row += tuple(said.token_ids.tolist())
            if self.anew:
                self.generator.end(name)
        if not self.forked:
            self.generator.end(talk.name)
        return [row]

    async def _branch(self, name: str, row: tuple[int, ...]) -> list[tuple[int, ...]]:
        children = [Talk(f"{name}/{k}", row, name) for k in range(BRANCHES)]
        rows = await asyncio.gather(*(self.talk(child, self.turns // 2) for child in children))
        for talk in (name, *(child.name for child in children)):
            self.generator.end(talk)
        return [row for some in rows for row in some]

    def run(self, talks: int) -> tuple[dict[str, int], float, set[tuple[int, ...]]]:
        """Tokens, CPU seconds, and the rows."""
        before, start = self.generator.token_counts(), time.process_time()

        async def all_of_them() -> list[list[tuple[int, ...]]]:
            return await asyncio.gather(*(self.talk(Talk(str(k))) for k in range(talks)))

        rows = {row for some in asyncio.run(all_of_them()) for row in some}
        took = time.process_time() - start
        after = self.generator.token_counts()
        return {name: after[name] - before[name] for name in after}, took, rows


def row(model: str, asked: Any, *, forked: bool) -> str:
    """Both sides, pair by pair."""
    generator = EmbeddedGenerator(Backbone(model_of(model)), str, frozenset(), slots=512)
    sides = [Play(generator, asked.turns, forked, anew) for anew in (False, True)]
    ratios, counts, decoded = [], [], 0
    for pair in range(asked.pairs + 1):  # the first one warms up
        found = [side.run(asked.talks) for side in sides]
        assert found[0][2] == found[1][2], "both sides say the same"
        counts = [count["prefilled"] for count, _, _ in found]
        decoded = found[0][0]["decoded"]
        if pair:
            ratios.append(found[1][1] / found[0][1])
    ratios.sort()
    return (
        f"| {model} | {'forked' if forked else 'straight'} | {decoded:,} | {counts[0]:,} | "
        f"{counts[1]:,} | {counts[1] / counts[0]:.1f} | "
        f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f}) |"
    )


def main() -> None:
    """A row per model and kind."""
    words = argparse.ArgumentParser()
    words.add_argument("--talks", type=int, default=16)
    words.add_argument("--turns", type=int, default=16)
    words.add_argument("--pairs", type=int, default=3)
    words.add_argument("--models", nargs="+", default=MODELS)
    words.add_argument("--threads", type=int, default=1)
    asked = words.parse_args()
    torch.set_num_threads(asked.threads)
    print(f"{asked.talks} talks of {asked.turns} turns, {asked.threads} threads, CPU seconds")
    print("| model | talks | chosen | prefilled, sessions | prefilled, anew | ratio | speed-up |")
    print("|---|---|---|---|---|---|---|")
    for model in asked.models:
        for forked in (False, True):
            print(row(model, asked, forked=forked), flush=True)


if __name__ == "__main__":
    main()
