"""A mark for each single reply: LLM-as-a-judge (arXiv:2306.05685, unconfirmed)."""

from dataclasses import dataclass, replace
from statistics import pstdev
from typing import Protocol, runtime_checkable

from whet.protocols import ChatModel, Reward
from whet.rewards.generative.consultations import Consultation, NoChatModel, mean
from whet.rewards.generative.forms import Digit, Marks
from whet.rewards.generative.prompts import candidate, question
from whet.types import ChatDecoding, Rollout, UsageError, Verdict

Exhibits = dict[str, str]
_DUTY = "Mark the reply to the task by this: {criterion}."


@runtime_checkable
class Scale(Protocol):
    """The way in which a mark is asked for."""

    @property
    def low(self) -> int:
        """The worst mark of the scale."""
        ...

    @property
    def high(self) -> int:
        """The best mark of the scale."""
        ...

    async def marks(
        self, consultation: Consultation, duty: str, exhibits: Exhibits, decoding: ChatDecoding
    ) -> list[float]:
        """One mark per sample, between `low` and `high`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """The integer that the judge writes."""

    low: int = 1
    high: int = 10

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise UsageError(f"scale is {self.low} to {self.high}; give a higher end")

    async def marks(
        self, consultation: Consultation, duty: str, exhibits: Exhibits, decoding: ChatDecoding
    ) -> list[float]:
        form = Marks(low=self.low, high=self.high)
        return [float(s) for (s,) in await consultation.ask(duty, exhibits, form, decoding)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """E[s] = Σ_s s p(s) / Σ_s p(s), over the judge's probabilities of single digits.

    Where the server returns no log-probabilities, it is the digit in the reply.
    """

    low: int = 1
    high: int = 9
    top: int = 20  # likeliest tokens that are looked at; servers give 20 at most, or fewer

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high <= 9:  # noqa: PLR2004  (the highest digit)
            raise UsageError(f"scale is {self.low} to {self.high}; give single digits, 0 to 9")

    async def marks(
        self, consultation: Consultation, duty: str, exhibits: Exhibits, decoding: ChatDecoding
    ) -> list[float]:
        form = Digit(low=self.low, high=self.high)
        wanted = replace(decoding, top=self.top)
        return [s for s, _ in await consultation.ask(duty, exhibits, form, wanted)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointwise(Reward):
    """The mean mark of one or more samples, on a scale from 0 to 1.

        R = (mean(s) − s_min) / (s_max − s_min)

    The default is one sample at temperature 0; another choice is `ChatDecoding(samples=4,
    temperature=0.7)`.  A judge's marks cluster near the top, and division by a group's small
    deviation amplifies their noise; a rubric or comparisons are more informative.  `correct` stays
    open.
    """

    chat_model: ChatModel = NoChatModel()
    criterion: str = "is it correct, complete and to the point"
    scale: Scale = Stated()
    decoding: ChatDecoding = ChatDecoding()
    longest: int = 20_000  # characters of a reply; what is longer earns 0 and is not read

    async def score(self, rollout: Rollout) -> Verdict:
        text = candidate(rollout, self.longest)
        if isinstance(text, Verdict):
            return text
        consultation = Consultation(self.chat_model)
        exhibits = {"task": question(rollout.task.prompt), "reply": text}
        duty = _DUTY.format(criterion=self.criterion)
        marks = await self.scale.marks(consultation, duty, exhibits, self.decoding)
        low, high = self.scale.low, self.scale.high
        parts = {"mark": mean(marks), "spread": pstdev(marks)}
        return consultation.verdict((mean(marks) - low) / (high - low), parts)
