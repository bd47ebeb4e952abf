"""Models that an extension holds beside the policy and its reference, for estimates of memory."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherModel:
    """A model that is not trained: its weights."""

    path: str = ""  # its folder; empty: the policy's size and dtype


@dataclass(frozen=True, slots=True, kw_only=True)
class AveragedModel(FurtherModel):
    """A model, and an average of the policy's weights in float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel(FurtherModel):
    """A model, its gradient and its optimizer."""
