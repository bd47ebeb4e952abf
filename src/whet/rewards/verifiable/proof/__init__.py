"""Proofs in propositional logic, checked by a kernel of natural deduction."""

from whet.rewards.verifiable.proof.reward import AllOrNothing as AllOrNothing
from whet.rewards.verifiable.proof.reward import Prefix as Prefix
from whet.rewards.verifiable.proof.reward import Proof as Proof
from whet.rewards.verifiable.proof.reward import ProofCredit as ProofCredit
