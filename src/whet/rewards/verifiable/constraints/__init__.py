"""Constraints that a program can check: the 25 of IFEval (Zhou et al., arXiv:2311.07911)."""

from whet.rewards.verifiable.constraints.constraint import Constraint as Constraint
from whet.rewards.verifiable.constraints.readings import AsWritten as AsWritten
from whet.rewards.verifiable.constraints.readings import ReplyReading as ReplyReading
from whet.rewards.verifiable.constraints.readings import Trimmed as Trimmed
from whet.rewards.verifiable.constraints.reward import Constraints as Constraints
from whet.rewards.verifiable.constraints.reward import Joining as Joining
from whet.rewards.verifiable.constraints.reward import Loose as Loose
from whet.rewards.verifiable.constraints.reward import Strict as Strict
from whet.rewards.verifiable.constraints.tasks import Instructions as Instructions
