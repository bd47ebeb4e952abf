"""The name that one state of the weights goes by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    """Identity of weights: number of publications so far, and digest of all tensors."""

    step: int
    digest: str
