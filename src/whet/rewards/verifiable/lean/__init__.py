"""Proofs in Lean 4, checked by a `lean` that is installed on this machine."""

from whet.rewards.verifiable.lean.program import Report as Report
from whet.rewards.verifiable.lean.program import Status as Status
from whet.rewards.verifiable.lean.reward import Lean as Lean
