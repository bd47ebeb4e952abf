"""The name that one state of the weights goes by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    """One state of the weights: optimiser deliveries so far, and the digest of all tensors."""

    step: int
    digest: str
