"""Trees of a given width: paths fork after every segment, and stopped paths are replaced."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from whet.protocols import OpenPlays, Shape
from whet.sampling.structured.forced_words import forcing_error
from whet.sampling.structured.growing import (
    Shoot,
    check_counts,
    extended,
    fork,
    grown,
    reply_start,
    together,
)
from whet.sampling.structured.rooting import rooted
from whet.types import Play, Request, Rollout, RunSpec, UsageError, seed_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentTree(Shape):
    """One tree per request, with as many leaves as plays: paths fork after segments of tokens.

    From the prompt, a random number of paths between `first` begins. After every `segment` tokens
    the living paths are forked: the width that is left, at most `branches` per path of this depth,
    is shared evenly, and every path goes on at least once. After `depth` segments a path goes on to
    its end. Ends are missing where paths stopped before the width was used: the missing ones begin
    at random ends of segments, and go on to the end.

    With a `phrase`, each path that comes within `reserve` tokens of `decoding.max_new_tokens`, or
    to the last depth, is made to say it, if the words leave room for an answer; the objective must
    leave these words out (`--objective.on policy_tokens`).

    TreePO (arXiv:2508.17445, code read): `segment` 512, `depth` 14, `branches` 2, `first` 2 to 8,
    `sampling.size.rollouts` 16, and a phrase that begins the answer with 256 tokens left. Its paths
    also stop at repetitions and at a boxed answer, which is a stop string here
    (`sampling.decoding.stop`). Plays with other settings, such as hints, have a tree of their own.

    It costs what chains cost, less the shared segments. All paths wait for the longest one at each
    depth, and what fills the missing ends is played last.
    """

    segment: int = 512
    depth: int = 14
    branches: int = 2
    first: tuple[int, int] = (2, 8)
    phrase: str = ""
    reserve: int = 256

    def __post_init__(self) -> None:
        check_counts(1, segment=self.segment, depth=self.depth, branches=self.branches)
        check_counts(1, reserve=self.reserve)
        if not 1 <= self.first[0] <= self.first[1]:
            raise UsageError(
                f"sampling.shape.first is {self.first}; give a least number of 1 or more, and a "
                "most number that is not below it"
            )

    def run_error(self, spec: RunSpec) -> str:
        if self.phrase and self.reserve >= spec.max_new_tokens:
            return (
                f"sampling.shape.reserve is {self.reserve}, but a reply has at most "
                f"{spec.max_new_tokens} tokens; give less"
            )
        return forcing_error(self, spec) if self.phrase else ""

    def run_warning(self, spec: RunSpec) -> str:
        if self.segment >= spec.max_new_tokens:
            return (
                f"sampling.shape.segment is {self.segment}, but a reply has at most "
                f"{spec.max_new_tokens} tokens, so no path forks after the prompt; give less"
            )
        return ""

    async def roll(self, request: Request, plays: OpenPlays) -> list[Rollout]:
        return await together([_Growth(self, plays, own).grow() for own in _alike(request.plays)])


def _alike(plays: Sequence[Play]) -> list[list[Play]]:
    """The plays by all their settings but the seed, in order of first use."""
    found: list[list[Play]] = []
    for play in plays:
        same = (own for own in found if replace(own[0], seed=play.seed) == play)
        own = next(same, None)
        if own is None:
            found.append([play])
        else:
            own.append(play)
    return found


@dataclass(slots=True)
class _Growth:
    """One tree while it is sampled."""

    shape: SegmentTree
    plays: OpenPlays
    own: Sequence[Play]
    leaves: list[Rollout] = field(default_factory=list)
    inner: list[Rollout] = field(default_factory=list)
    ends: list[Rollout] = field(default_factory=list)  # paused rollouts that really went on

    @property
    def play(self) -> Play:
        return self.own[0]

    async def grow(self) -> list[Rollout]:
        """The leaves, as many as plays."""
        rng = Random(repr(("segment tree", self.play.seed)))
        families = [self._from_prompt(min(len(self.own), rng.randint(*self.shape.first)))]
        for depth in range(1, self.shape.depth + 1):
            found = await grown(self.plays, families)
            alive = self._sorted(found)
            if not alive:
                break
            done = sum(len(family) for family in found) - len(alive)
            families = self._families(alive, done, last=depth + 1 >= self.shape.depth)
        await self._fill(rng)
        return rooted(self.leaves, self.inner)

    def _from_prompt(self, count: int) -> list[Play]:
        pause = self._pause(len(self.play.prefix), 0) if self.shape.depth > 1 else 0
        return [
            replace(self.play, seed=seed_of(self.play.seed, 0, n), pause_at=pause)
            for n in range(count)
        ]

    def _sorted(self, found: Sequence[Sequence[Shoot]]) -> list[Rollout]:
        """The paths that go on; the others are leaves."""
        known = {rollout.id: rollout for rollout in self.inner}
        for first in (family[0].rollout for family in found):
            if first.parent in known and first.length > first.forked_at:
                self.ends.append(known[first.parent])
        shoots = [shoot for family in found for shoot in family]
        self.leaves += [shoot.rollout for shoot in shoots if not shoot.paused]
        alive = [shoot.rollout for shoot in shoots if shoot.paused]
        self.inner += alive
        return alive

    def _families(self, alive: Sequence[Rollout], done: int, *, last: bool) -> list[list[Play]]:
        room = len(self.own) - len(self.leaves)
        share, more = divmod(min(room, self.shape.branches * (len(alive) + done)), len(alive))
        return [self._forks(path, share + (n < more), last=last) for n, path in enumerate(alive)]

    def _forks(self, path: Rollout, count: int, *, last: bool) -> list[Play]:
        start = reply_start(path)
        near = bool(self.shape.phrase) and path.length - start >= self._limit
        forced = self._words if near or last else ()
        if path.length - start + len(forced) >= self.play.decoding.max_new_tokens:
            forced = ()  # no token would be left for the answer
        pause = 0 if near or last else self._pause(path.length, start)
        return [
            replace(fork(self.play, path, path.length, n, prefix=forced), pause_at=pause)
            for n in range(count)
        ]

    @property
    def _limit(self) -> int:
        """Tokens of a reply before the phrase is forced, which leave room for it."""
        reserve = max(self.shape.reserve, len(self._words) + 1)
        return max(1, self.play.decoding.max_new_tokens - reserve)

    @property
    def _words(self) -> tuple[int, ...]:
        """Token ids of the phrase."""
        return self.plays.ids(self.shape.phrase) if self.shape.phrase else ()

    def _pause(self, length: int, start: int) -> int:
        """The end of the next segment of a reply that began after `start` sampled tokens."""
        pause = length + self.shape.segment
        near = start + self._limit
        return min(pause, near) if self.shape.phrase and near > length else pause

    async def _fill(self, rng: Random) -> None:
        """Play what is missing, from random ends of segments; from the prompt if there is none."""
        missing = range(len(self.own) - len(self.leaves))
        if self.ends:
            picked = enumerate(rng.choices(self.ends, k=len(missing)))
            asked = [fork(self.play, r, r.length, f"again {n}") for n, r in picked]
        else:
            asked = [
                replace(self.play, seed=seed_of(self.play.seed, 0, f"again {n}")) for n in missing
            ]
        if asked:
            self.leaves += await extended(self.plays, asked)
