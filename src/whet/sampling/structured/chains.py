"""Independent chains: every rollout is sampled from the prompt on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from whet.protocols import OpenPlays, Shape
from whet.types import Request, Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains(Shape):
    """One independent rollout per play, all sampled at once. Only the prompt is shared."""

    resumes: ClassVar[bool] = False

    async def roll(self, request: Request, plays: OpenPlays) -> Sequence[Rollout]:
        return [rollout for found in await plays.play(request.plays) for rollout in found]
