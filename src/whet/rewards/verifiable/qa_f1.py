"""Words in common with a short answer, as SQuAD counts them (arXiv:1606.05250)."""

from collections import Counter
from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.verifiable.short_answers import answered, golds
from whet.rewards.verifiable.verdicts import nothing_to_compare
from whet.rewards.verifiable.words import squad
from whet.types import Reason, Rollout, UsageError, Verdict

_NAMES: tuple[str, ...] = ("f1", "precision", "recall", "overlap")


@dataclass(frozen=True, slots=True, kw_only=True)
class QaF1(Reward):
    """The best F₁ over the task's answers:  F₁ = 2pr / (p + r).

    With c common words, p = c / |answer| and r = c / |gold|; `parts` has both, and the overlap c /
    (|answer| + |gold| − c).  Below `floor` an answer earns nothing, which keeps lists of candidates
    from paying (ours; SQuAD has no floor).  The answer is correct where all words agree.
    """

    floor: float = 0.5
    longest: int = 512  # characters of an answer; what is longer is wrong

    def __post_init__(self) -> None:
        if not 0 <= self.floor <= 1:
            raise UsageError(f"qa_f1.floor is {self.floor}; give a score, from 0 to 1")

    def score(self, rollout: Rollout) -> Verdict:
        wanted = [words for gold in golds(rollout) if (words := squad(gold))]
        if not wanted:
            return nothing_to_compare(rollout)
        said = answered(rollout, self.longest)
        if isinstance(said, Verdict):
            return said
        best = max(_counted(squad(one), words) for one in said for words in wanted)
        score = best[0] if best[0] >= self.floor else 0.0
        reason = {0.0: Reason.WRONG, 1.0: Reason.OK}.get(score, Reason.PARTIAL)
        parts = dict(zip(_NAMES, best, strict=True))
        return Verdict(
            reason=reason,
            score=score,
            correct=score == 1,
            parts=parts,
            note=said[0][:80],
            answer=" ".join(squad(said[0])),
        )


def _counted(answer: list[str], gold: list[str]) -> tuple[float, float, float, float]:
    """F₁, precision, recall and overlap of two lists of words."""
    common = (Counter(answer) & Counter(gold)).total()
    if not common:
        return 0.0, 0.0, 0.0, 0.0
    precision, recall = common / len(answer), common / len(gold)
    either = len(answer) + len(gold) - common
    f1 = 2 * common / (len(answer) + len(gold))
    return f1, precision, recall, common / either
