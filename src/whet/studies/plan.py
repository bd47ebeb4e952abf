"""The plan of a study: everything that is fixed before the first run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.evaluation.statistics.decision import Claim

Settings = Mapping[str, Any]
"""Settings of a run as TOML has them: dotted paths as tables, as in `whet train --config FILE`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A claim about a weighted sum of arms, Σ_a w_a y_a with Σ_a w_a = 0, per seed."""

    name: str
    weights: Mapping[str, float]  # by arm
    claim: Claim
    delta: float  # the smallest effect of interest, in the unit of the endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Two arms that must end with the same weights and the same endpoint, at every seed."""

    one: str
    other: str

    def __str__(self) -> str:
        return f"{self.one} = {self.other}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One size of a study: its seeds, and settings of all arms."""

    name: str
    seeds: tuple[int, ...]
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A study as its file has it; no setting is looked at yet."""

    file: Path
    name: str
    claim: str  # in a sentence
    recipe: str
    settings: Settings  # of all arms
    arms: Mapping[str, Settings]
    endpoint: Settings  # the part's name under `class`, and its fields
    contrasts: tuple[Contrast, ...]
    identities: tuple[Identity, ...]
    tiers: Mapping[str, Tier]
    registered: str  # what was fixed before the runs, and what was tuned, and on which seeds

    def layers(self, arm: str, tier: Tier) -> tuple[Settings, ...]:
        """The settings of an arm: those of all arms, of the tier, its own; the later ones win."""
        return (self.settings, tier.settings, self.arms[arm])
