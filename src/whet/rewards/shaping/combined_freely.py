"""A sum of several rewards in which a wrong reply may outscore a right one."""

from dataclasses import dataclass

from whet.rewards.shaping.combined import Combined, declared
from whet.rewards.shaping.composition import labels


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedFreely(Combined):
    """As `combined`, without the check that no wrong reply can outscore a right one."""

    def __post_init__(self) -> None:
        labels("combined_freely", self.parts)
        declared("combined_freely", self)
