"""The part of a solution that a hint may tell: never the answer, never its end."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from whet.protocols import SamplingSetup
from whet.sampling.exploration.answers_in_texts import ToldAnswers
from whet.types import Task


class ToldText(NamedTuple):
    """The beginning of a solution, and the share of the solution that it is."""

    text: str = ""
    share: float = 0.0


class ToldTokens(NamedTuple):
    """The first token ids of a solution, and the share of the solution that they are."""

    ids: tuple[int, ...] = ()
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class PartialSolutions:
    """Beginnings of the demonstrations of a run.

    A beginning ends before the first line that tells the answer, or one of the `alternatives`, in
    whatever spelling (`ToldAnswers`); in the first line, it ends before the answer itself. A
    solution without the answer is told up to its last token at most. What closes a reply is never
    told.
    """

    setup: SamplingSetup

    def text(self, task: Task, share: float) -> ToldText:
        """The first `share` of a solution's characters, or fewer; it ends at the end of a word."""
        solution, answers = self._solution(task), _answers(task)
        most = round(share * len(solution))
        told = solution[: min(most, len(answers.untold(solution)), len(solution) - 1)]
        if solution and re.match(r"\S", solution[len(told) :]):
            told = told[: max((m.start() for m in re.finditer(r"\s", told)), default=len(told))]
        told = answers.untold(told).rstrip()  # a cut number may look like the answer
        return ToldText(told, len(told) / len(solution)) if told else ToldText()

    def tokens(self, task: Task, share: float) -> ToldTokens:
        """The first `share` of a solution's token ids, or fewer."""
        solution = self._solution(task)
        if not solution:
            return ToldTokens()
        whole, answers = self._open_ids(task, solution), _answers(task)
        legal = answers.untold(solution)
        count = min(round(share * len(whole)), self._shared(whole, task, legal), len(whole) - 1)
        if answers.begins_word(legal):  # a cut number may look like the answer
            cut = bisect_left(
                range(len(legal)), count, key=lambda n: self._shared(whole, task, legal[:n])
            )
            count = min(count, self._shared(whole, task, answers.untold(legal[:cut])))
        return ToldTokens(tuple(whole[:count]), count / len(whole)) if count > 0 else ToldTokens()

    def _solution(self, task: Task) -> str:
        return (self.setup.demonstrate(task) or "").rstrip()

    def _shared(self, whole: Sequence[int], task: Task, beginning: str) -> int:
        """How many of the ids are those of a beginning."""
        return len(_common(whole, self._open_ids(task, beginning)))

    def _open_ids(self, task: Task, text: str) -> Sequence[int]:
        """The ids of a text without those that close a reply, found by a longer text's ids."""
        text = text.rstrip()
        if not text:
            return ()
        closed = self.setup.ids(task, text)
        found = _common(closed, self.setup.ids(task, text + text[-1]))
        return found if len(found) < len(closed) else found[:-1]  # a text that closes itself


def _answers(task: Task) -> ToldAnswers:
    return ToldAnswers.of((task.answer, *task.alternatives))


def _common(one: Sequence[int], other: Sequence[int]) -> Sequence[int]:
    """The longest beginning of both."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return one[: sum(1 for _ in same)]
