"""A judge that reasons and then says yes or no: generative verifiers (arXiv:2408.15240).

The identifier is unconfirmed, as are those of RM-R1, J1, RRM and DeepSeek-GRM.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from whet.protocols import ChatModel, Reward
from whet.rewards.generative.consultations import Consultation, NoChatModel, mean
from whet.rewards.generative.forms import Leaning
from whet.rewards.generative.prompts import candidate, question
from whet.types import ChatDecoding, Rollout, Verdict

_DUTY = "Is the reply's answer to the task correct? {criterion}"


@runtime_checkable
class Belief(Protocol):
    """The rule that turns rulings into a probability of yes."""

    @property
    def top(self) -> int:
        """The number of likeliest tokens that are requested per position."""
        ...

    def __call__(self, rulings: Sequence[tuple[float, bool]]) -> float:
        """A number in [0, 1], from p(yes) of each sample and whether it comes from
        log-probabilities.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """R = mean_k 1[verdict_k = yes]: the share of samples that say yes."""

    top: int = 0

    def __call__(self, rulings: Sequence[tuple[float, bool]]) -> float:
        return mean([float(p > 0.5) for p, _ in rulings])  # noqa: PLR2004  (likelier than not)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """R = mean_k p_k(yes) / (p_k(yes) + p_k(no)), at the token of the verdict.

    A sample without log-probabilities counts as a vote.
    """

    top: int = 20

    def __call__(self, rulings: Sequence[tuple[float, bool]]) -> float:
        return mean([p for p, _ in rulings])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningJudge(Reward):
    """The judge's belief that the reply is correct, after reasoning about it.

    By default it is the share of K = 4 votes.  The reply counts as correct above ½.  A judge that
    always says yes has a high accuracy where most replies are right; measure its balanced accuracy.
    """

    chat_model: ChatModel = NoChatModel()
    criterion: str = "Work it out yourself before you decide."
    belief: Belief = Votes()
    decoding: ChatDecoding = ChatDecoding(samples=4, temperature=0.7)
    longest: int = 20_000  # characters of a reply; what is longer earns 0 and is not read

    async def score(self, rollout: Rollout) -> Verdict:
        text = candidate(rollout, self.longest)
        if isinstance(text, Verdict):
            return text
        consultation = Consultation(self.chat_model)
        exhibits = {"task": question(rollout.task.prompt), "reply": text}
        duty = _DUTY.format(criterion=self.criterion)
        found = await rulings(consultation, duty, exhibits, self.belief, self.decoding)
        belief = self.belief(found)
        correct = belief > 0.5  # noqa: PLR2004  (likelier than not)
        return consultation.verdict(belief, soft(found), correct=correct)


async def rulings(
    consultation: Consultation,
    duty: str,
    exhibits: dict[str, str],
    belief: Belief,
    decoding: ChatDecoding,
) -> list[tuple[float, bool]]:
    """p(yes) of each sample, and whether it comes from log-probabilities."""
    wanted = replace(decoding, top=belief.top)
    return await consultation.ask(duty, exhibits, Leaning(), wanted)


def soft(found: Sequence[tuple[float, bool]]) -> dict[str, float]:
    """Parts of a verdict: the number of samples, and the share that had log-probabilities."""
    return {"rulings": float(len(found)), "soft": mean([float(told) for _, told in found])}
