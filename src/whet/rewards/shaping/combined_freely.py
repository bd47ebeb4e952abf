"""Several rewards, one score, whoever wins."""

from dataclasses import dataclass

from whet.rewards.shaping.combined import Combined
from whet.rewards.shaping.composition import labels


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedFreely(Combined):
    """As `combined`, but a wrong reply may outscore a right one: who chooses it knows why."""

    def __post_init__(self) -> None:
        """Only names have to differ."""
        labels("combined_freely", self.parts)
