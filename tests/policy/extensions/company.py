"""One of each companion, with numbers that make it do its work within three small steps."""

from typing import Any

from whet.policy.extensions.answer_hints import AnswerHints
from whet.policy.extensions.branches import Branches
from whet.policy.extensions.coevolving import Coevolving
from whet.policy.extensions.convex_kl import ConvexKL
from whet.policy.extensions.critic import Critic
from whet.policy.extensions.demonstration_fallback import DemonstrationFallback
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.extensions.distinct import Distinct
from whet.policy.extensions.eepo import Eepo
from whet.policy.extensions.entropy_target import EntropyTarget
from whet.policy.extensions.extra_round import ExtraRound
from whet.policy.extensions.greedy import Greedy
from whet.policy.extensions.hints import Hints
from whet.policy.extensions.imitation_weight import ImitationWeight
from whet.policy.extensions.implicit_rewards import ImplicitRewards
from whet.policy.extensions.length_targets import LengthTargets
from whet.policy.extensions.monte_carlo_values import MonteCarloValues
from whet.policy.extensions.moving_mean import MovingMean
from whet.policy.extensions.past_batches import PastBatches
from whet.policy.extensions.path_consistency import PathConsistency
from whet.policy.extensions.process_outcome_filter import ProcessOutcomeFilter
from whet.policy.extensions.reference_reset import ReferenceReset
from whet.policy.extensions.reference_values import ReferenceValues
from whet.policy.extensions.rehearsal import Rehearsal
from whet.policy.extensions.replay import Replay
from whet.policy.extensions.scoring_teacher import ScoringTeacher
from whet.policy.extensions.sft_buffer import SFTBuffer
from whet.policy.extensions.teacher_contexts import Corrected
from whet.policy.extensions.tracker import Tracker

COMPANY: tuple[Any, ...] = (
    Critic(),
    ImplicitRewards(),
    Coevolving(hint="{answer}", probes=3),
    PathConsistency(mark=";"),
    ProcessOutcomeFilter(drop=0.25),
    LengthTargets(targets=(9, 9, 9), least=2, alpha=0.25),
    Greedy(),
    Tracker(),
    MonteCarloValues(interval=2, count=2, sure=1.0),
    Demonstrations(count=2),
    DemonstrationFallback(),
    SFTBuffer(size=3),
    Hints(rollouts=1, low=0.5, high=0.9),
    Branches(),
    MovingMean(),
    Rehearsal(tried=4, least=2, ahead=1),
    AnswerHints(),
    Distinct(),
    ImitationWeight(),
    Replay(least=1),
    ExtraRound(samples=3),
    PastBatches(),
    EntropyTarget(target=0.5),
    ReferenceReset(patience=1),
    ReferenceValues(count=2),
    ConvexKL(begin=0, every=1),
    Eepo(window=1, below=9.0),
    ScoringTeacher(context=Corrected(feedback="{note}")),
)
