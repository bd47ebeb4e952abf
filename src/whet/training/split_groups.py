"""Extensions that take a round of a group for a whole group."""

from collections.abc import Iterator

from whet.policy.extensions.answer_hints import AnswerHints
from whet.policy.extensions.branches import Branches
from whet.policy.extensions.demonstration_fallback import DemonstrationFallback
from whet.policy.extensions.demonstrations import Demonstrations
from whet.policy.extensions.distinct import Distinct
from whet.policy.extensions.extra_round import ExtraRound
from whet.policy.extensions.hints import Hints
from whet.policy.extensions.length_targets import LengthTargets
from whet.policy.extensions.path_consistency import PathConsistency
from whet.policy.extensions.process_outcome_filter import ProcessOutcomeFilter
from whet.policy.extensions.replay import Replay
from whet.policy.extensions.sft_buffer import SFTBuffer
from whet.training.run import Run

_BY_GROUP = (
    AnswerHints
    | Branches
    | DemonstrationFallback
    | Demonstrations
    | Distinct
    | ExtraRound
    | Hints
    | LengthTargets
    | PathConsistency
    | ProcessOutcomeFilter
    | Replay
    | SFTBuffer
)


def split_groups(run: Run) -> Iterator[str]:
    """One sentence for each extension that acts on groups, where they are played in rounds."""
    if run.sampling.rounds <= run.sampling.gate.max_rounds:
        return
    for part in run.objective.companions:
        if isinstance(part, _BY_GROUP):
            yield (
                f"sampling.size plays groups in rounds, and {type(part).__name__} takes each round "
                "for a whole group; give --sampling.size fixed, or leave it out"
            )
