"""Budget forcing: thoughts are made longer by "Wait", and cut off at a number of tokens."""

from dataclasses import dataclass, replace

from whet.protocols import OpenPlays, Shape
from whet.sampling.structured.forced_words import forcing_error
from whet.sampling.structured.growing import (
    check_counts,
    continued,
    extended,
    failed,
    fork,
    together,
)
from whet.sampling.structured.thoughts import thought_end
from whet.types import Finish, Play, Request, Rollout, RunSpec, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetForcing(Shape):
    """A chain per play, whose first reply thinks longer, or is made to stop thinking.

    Longer: where a thought ends, its end is taken back and `wait` is put there, `waits` times at
    most. The thought ends before `close`, or before the reply's last token if there is no such tag.
    Shorter: a thought of `thinking` tokens is followed by `close` and `final`, and then by what the
    policy says. Where these words leave no room for an answer, they are left out. Forced words are
    external tokens: the objective must leave them out (`--objective.on policy_tokens`), and they
    count for `decoding.max_new_tokens`.

    s1 (arXiv:2501.19393): "Wait" 2, 4 or 6 times, and "Final Answer:" at the end of the budget. It
    forces budgets in evaluations; the words and `waits` 2 are the defaults.

    It costs the tokens that are added, and those of the answers that are taken back. It is for
    worlds of one turn: later turns before a taken-back end are played again.
    """

    waits: int = 2  # most times that an end is taken back
    wait: str = "Wait"
    thinking: int = 0  # most tokens of a thought; 0: as many as a reply has
    close: str = "</think>"
    final: str = "\n\nFinal Answer:"

    def __post_init__(self) -> None:
        check_counts(0, waits=self.waits, thinking=self.thinking)
        if not (self.waits or self.thinking):
            raise UsageError(
                "sampling.shape.waits and sampling.shape.thinking are 0, so nothing is forced; "
                "give one of them 1 or more, or --sampling.shape chains"
            )
        if self.waits and not self.wait:
            raise UsageError("sampling.shape.wait is ''; give a text, or waits 0")
        if self.thinking and not self.close + self.final:
            raise UsageError(
                "sampling.shape.close and sampling.shape.final are ''; give a text, or thinking 0"
            )

    def run_error(self, spec: RunSpec) -> str:
        return forcing_error(self, spec)

    def run_warning(self, spec: RunSpec) -> str:
        if self.thinking >= spec.max_new_tokens:
            return (
                f"sampling.shape.thinking is {self.thinking}, but a reply has at most "
                f"{spec.max_new_tokens} tokens, so no thought is cut off; give less"
            )
        return ""

    async def roll(self, request: Request, plays: OpenPlays) -> list[Rollout]:
        return await together([self._chain(play, plays) for play in request.plays])

    async def _chain(self, play: Play, plays: OpenPlays) -> list[Rollout]:
        budget = len(play.prefix) + self.thinking if self.thinking else 0
        [leaf] = await extended(plays, [replace(play, pause_at=budget)])
        forced = plays.ids(self.wait) if self.waits else ()
        most = play.decoding.max_new_tokens - len(forced)
        for number in range(self.waits):
            end = self._early_end(leaf, min(budget or most, most))
            if end is None:
                break
            longer = fork(play, leaf, end, number, prefix=forced)
            [leaf] = await extended(plays, [replace(longer, pause_at=budget)])
        if budget and leaf.length >= budget and leaf.verdict is None:
            forced = plays.ids(self.close + self.final) if self._thinks(leaf) else ()
            if leaf.length + len(forced) >= play.decoding.max_new_tokens:
                forced = ()  # no token would be left for the answer
            [leaf] = await extended(plays, [continued(play, leaf, prefix=forced)])
        return [leaf]

    def _early_end(self, leaf: Rollout, most: int) -> int | None:
        """Tokens before an end that is taken back, fewer than `most`; None if there is no such."""
        end = None if failed(leaf) else thought_end(leaf, self.close)
        return end if end is not None and leaf.forced_len <= end < most else None

    def _thinks(self, leaf: Rollout) -> bool:
        """Whether a paused rollout is within the thought of its first reply."""
        cut = len(leaf.acts) == 1 and leaf.acts[0].finish is Finish.LENGTH
        return cut and thought_end(leaf, self.close) is None
