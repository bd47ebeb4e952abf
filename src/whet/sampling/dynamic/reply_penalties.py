"""What makes a right rollout a poor example (`ResampleOnCorrect`)."""

from abc import abstractmethod
from dataclasses import dataclass

from whet.protocols import Part
from whet.types import Rollout, UsageError

_NO_CALL = 0.5  # between calls that all succeed and calls that all fail


class ReplyPenalty(Part):
    """A penalty of a rollout, from 0 to 1; a rollout of less penalty is preferred."""

    __slots__ = ()

    @abstractmethod
    def __call__(self, rollout: Rollout) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolErrors(ReplyPenalty):
    """The share of answers of the environment that contain `word`; 0.5 without an answer.

    As in the code of rStar2-Agent (arXiv:2508.20722), which looks for "error" in tool responses.
    Upper and lower case are equal.
    """

    word: str = "error"

    def __post_init__(self) -> None:
        if not self.word:
            raise UsageError(
                "sampling.size.penalties.tool_errors.word is ''; give a word that failed calls are "
                "told by"
            )

    def __call__(self, rollout: Rollout) -> float:
        told = rollout.turns[2::2]
        if not told:
            return _NO_CALL
        return sum(self.word.lower() in text.lower() for text in told) / len(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTags(ReplyPenalty):
    """1 without a closed `<answer>…</answer>`, else min((answers − 1) / replies, 1).

    As in the code of rStar2-Agent (arXiv:2508.20722). Tags that are not closed have the penalty 1.
    """

    def __call__(self, rollout: Rollout) -> float:
        replies = rollout.turns[1::2]
        text = "\n".join(replies)
        answers = text.count("<answer>")
        if not answers or text.count("</answer>") != answers:
            return 1.0
        return min((answers - 1) / len(replies), 1.0)
