"""Companions: what an algorithm keeps beside its loss.  Values; a run gives them life.

Each says what it gives, so that a run can refuse a combination that cannot work.
"""

from whet.policy.companions.controls import ConvexKL as ConvexKL
from whet.policy.companions.controls import EntropyTarget as EntropyTarget
from whet.policy.companions.controls import ReferenceReset as ReferenceReset
from whet.policy.companions.guides import Branches as Branches
from whet.policy.companions.guides import Demonstrations as Demonstrations
from whet.policy.companions.guides import Fallback as Fallback
from whet.policy.companions.guides import Hints as Hints
from whet.policy.companions.guides import Interleaved as Interleaved
from whet.policy.companions.guides import Rationalised as Rationalised
from whet.policy.companions.guides import Recall as Recall
from whet.policy.companions.judges import Coevolving as Coevolving
from whet.policy.companions.judges import Consistent as Consistent
from whet.policy.companions.judges import LengthTargets as LengthTargets
from whet.policy.companions.judges import PathConsistency as PathConsistency
from whet.policy.companions.memories import Distinct as Distinct
from whet.policy.companions.memories import ExtraRound as ExtraRound
from whet.policy.companions.memories import PastBatches as PastBatches
from whet.policy.companions.memories import Rehearsal as Rehearsal
from whet.policy.companions.memories import Replay as Replay
from whet.policy.companions.values import Critic as Critic
from whet.policy.companions.values import Everyone as Everyone
from whet.policy.companions.values import Finished as Finished
from whet.policy.companions.values import Greedy as Greedy
from whet.policy.companions.values import ImplicitRewards as ImplicitRewards
from whet.policy.companions.values import MovingMean as MovingMean
from whet.policy.companions.values import OwnHead as OwnHead
from whet.policy.companions.values import OwnModel as OwnModel
from whet.policy.companions.values import Probes as Probes
from whet.policy.companions.values import Tracker as Tracker
