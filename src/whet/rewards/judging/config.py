"""What a run asks of its judging, besides the verdicts."""

from dataclasses import dataclass

from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingConfig:
    """Known rows in the judge's queue, and a limit on a step's judging.  Both are off by default.

    Known rows (canaries) are right and wrong answers of the corpus.  Before the first step each is
    judged alone; in the steps they are judged among the replies.  A verdict that differs from what
    is known stops the run: a reversed, a constant or a racing judge.  Of a reward whose `correct`
    does not tell the two apart, the higher score is the right one's.  They are in no loss and in no
    metric.  They are short texts, so a judge that errs on long replies alone is not seen by them.

    The limit is on the wall time of a step during which something is being judged.  At the limit
    what is judged is kept, and the rest is a counted fault, to which `limits.faults` applies.
    """

    canaries: int = 0  # pairs of a right and a wrong row, besides every group; 0: none
    reply: str = ""  # of a known row, with {} for its answer; empty: a form that the judge takes
    mistaken: float = 0.0  # share of a step's known rows that may differ, for judges that err
    seconds: float = 0.0  # of judging in a step; 0: no limit

    def __post_init__(self) -> None:
        if self.canaries < 0:
            raise UsageError(f"judging.canaries is {self.canaries}; give 0 (none) or more pairs")
        if self.reply and "{}" not in self.reply:
            raise UsageError(f"judging.reply is {self.reply!r}; give a text with {{}} in it")
        if not 0 <= self.mistaken < 1:
            raise UsageError(f"judging.mistaken is {self.mistaken}; give 0 or more, below 1")
        if not 0 <= self.seconds < float("inf"):
            raise UsageError(f"judging.seconds is {self.seconds}; give 0 (no limit) or more")
