"""A judge that reasons first, then says yes or no: generative verifiers (arXiv:2408.15240).

The identifier, and those of the relatives RM-R1, J1, RRM and DeepSeek-GRM, are unconfirmed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from whet.protocols import ChatModel, Reward
from whet.rewards.generative._brief import candidate, question
from whet.rewards.generative._consultation import Consultation, NoChatModel, mean
from whet.rewards.generative._forms import Leaning
from whet.types import ChatDecoding, Rollout, Verdict

_DUTY = "Is the reply's answer to the task correct? {criterion}"


@runtime_checkable
class Belief(Protocol):
    """From rulings to the belief that the answer is yes."""

    @property
    def top(self) -> int:
        """Likeliest tokens that it wants to look at."""
        ...

    def __call__(self, rulings: Sequence[tuple[float, bool]]) -> float:
        """Of p(yes) of each sample, and whether it was read off probabilities; between 0 and 1."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """R = mean_k 1[verdict_k = yes]."""

    top: int = 0

    def __call__(self, rulings: Sequence[tuple[float, bool]]) -> float:
        return mean([float(p > 0.5) for p, _ in rulings])  # noqa: PLR2004  (likelier than not)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """R = mean_k p_k(yes) / (p_k(yes) + p_k(no)), at the token that says the verdict.

    A sample without log-probabilities counts as a vote.
    """

    top: int = 20

    def __call__(self, rulings: Sequence[tuple[float, bool]]) -> float:
        return mean([p for p, _ in rulings])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningJudge(Reward):
    """How strongly the judge believes that the reply is correct, after reasoning about it.

    K = 4 votes by default.  It counts as correct above ½.  A judge that always says yes looks
    good where most replies are right: measure its balanced accuracy, not its accuracy.
    """

    chat_model: ChatModel = NoChatModel()
    criterion: str = "Work it out yourself before you decide."
    belief: Belief = Votes()
    decoding: ChatDecoding = ChatDecoding(samples=4, temperature=0.7)
    longest: int = 20_000  # characters of a reply; what is longer earns 0 and is not read

    async def score(self, rollout: Rollout) -> Verdict:
        """Ask for verdicts."""
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
    """p(yes) of each sample, and whether it was read off probabilities."""
    wanted = replace(decoding, top=belief.top)
    return await consultation.ask(duty, exhibits, Leaning(), wanted)


def soft(found: Sequence[tuple[float, bool]]) -> dict[str, float]:
    """How many samples there were, and the share that was read off probabilities."""
    return {"rulings": float(len(found)), "soft": mean([float(told) for _, told in found])}
