"""Budget forcing: a thought that ends early is made to go on, a long one to stop."""

from dataclasses import dataclass
from typing import ClassVar

from whet.evaluation.test_time.attempt import Answered, Attempt, AttemptContext
from whet.evaluation.test_time.shaped import check_continues, shaped
from whet.sampling.structured.budget_forcing import BudgetForcing as ForcedShape
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetForcingAttempt(Attempt):
    """s1 (arXiv:2501.19393): the end of a thought is taken back, and `wait` is put there.

    That happens `waits` times at most.  The thought ends before `close`, or before the reply's last
    token if there is no such tag.  A thought of `thinking` tokens is followed by `close` and
    `final`, and then by what the policy says.  Forced words count for
    `decoding.max_new_tokens`, so give a limit that has room for them.

    The defaults are those of `whet.sampling.structured.budget_forcing`, which decodes it.
    """

    name: ClassVar[str] = "budget_forcing"

    waits: int = 2
    wait: str = "Wait"
    thinking: int = 0  # most tokens of a thought; 0: as many as a reply has
    close: str = "</think>"
    final: str = "\n\nFinal Answer:"

    def __post_init__(self) -> None:
        """Raise `UsageError` for settings that force nothing, or with no words."""
        for name in ("waits", "thinking"):
            if getattr(self, name) < 0:
                raise UsageError(f"budget_forcing.{name} is {getattr(self, name)}; give 0 or more")
        if not (self.waits or self.thinking):
            raise UsageError(
                "budget_forcing.waits and budget_forcing.thinking are 0, so nothing is forced; "
                "give one of them 1 or more"
            )
        if self.waits and not self.wait:
            raise UsageError("budget_forcing.wait is ''; give a text, or waits 0")
        if self.thinking and not self.close + self.final:
            raise UsageError(
                "budget_forcing.close and budget_forcing.final are ''; give a text, or thinking 0"
            )

    @property
    def label(self) -> str:
        """The number of waits, their text where it is not the default, and the cap if any."""
        said = f", {self.wait!r}" if self.wait != "Wait" else ""
        cut = f", thinking {self.thinking}" if self.thinking else ""
        return f"budget_forcing({self.waits}{said}{cut})"

    async def open(self, context: AttemptContext, task: Task) -> None:
        words = self.wait if self.waits else self.close + self.final
        await check_continues(self.name, words, task, context)

    async def answer(self, task: Task, seed: int, context: AttemptContext) -> Answered:
        shape = ForcedShape(
            waits=self.waits,
            wait=self.wait,
            thinking=self.thinking,
            close=self.close,
            final=self.final,
        )
        return await shaped(shape, task, seed, context)
