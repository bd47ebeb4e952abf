"""A model where the rule rejects: reference-based verification (TinyV, xVerify, CompassVerifier).

General-Reasoner does so too.  The threshold and the prompts are ours.
"""

import re
from dataclasses import dataclass, replace

from whet.protocols import ChatModel, Reward
from whet.rewards.generative.consultations import Consultation, NoChatModel
from whet.rewards.generative.prompts import question
from whet.rewards.generative.reasoning_judge import Belief, Confidence, rulings, soft
from whet.rewards.generative.single import needs_single
from whet.rewards.judging import verdict
from whet.rewards.verifiable.extraction import after_think, answers, with_open_think
from whet.rewards.verifiable.math import Math
from whet.rewards.verifiable.math.normal import plain
from whet.rewards.verifiable.verdicts import nothing_to_compare
from whet.types import ChatDecoding, Reason, Rollout, Task, UsageError, Verdict

_DUTY = (
    "A task has the right answer that is given. Does the proposed answer mean the same? "
    "Do not solve the task, and accept no answer that is vague, empty or several answers at once."
)
_WORD = re.compile(r"(?<!\\)\b[^\W\d_]{2,}")  # the names of LaTeX commands are no words
_UNSPACED = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff]"
)  # each sign of Chinese or Japanese is a word
_WORDS = 4  # of the answer's own, at most, unless the right answer is longer
_ADDRESS = frozenset(  # of a text that speaks of itself, or to its reader
    (
        *("accept", "answer", "answers", "correct", "grader", "instruction", "instructions"),
        *("judge", "prompt", "proposed", "verdict", "verifier"),
    )
)
_OPEN = frozenset({Reason.WRONG, Reason.PARTIAL, Reason.NOT_APPLICABLE, Reason.VERIFIER_ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVerifier(Reward):
    """1 where the rule accepts; where it rejects or fails, 1 if the model's p(yes) is high, else 0.

        R = 1[rule = 1  or  p(yes) ≥ threshold]

    The model sees the task, the right answer and the answer extracted from the reply.  It never
    sees the reasoning, which could persuade it.  It is not asked where the rule found no answer or
    several, nor about an answer without a letter or digit, with more than `longest` characters, or
    of prose: with more than four words that neither the task nor the right answer has (or more than
    the right answer has words), or with one that speaks of answers and verdicts.
    """

    chat_model: ChatModel = NoChatModel()
    rule: Reward = Math()
    belief: Belief = Confidence()
    threshold: float = 0.8
    decoding: ChatDecoding = ChatDecoding()
    longest: int = 512

    def __post_init__(self) -> None:
        needs_single("model_verifier", "rule", self.rule)
        if not 0 < self.threshold <= 1:
            raise UsageError(
                f"model_verifier.threshold is {self.threshold}; give more than 0, to 1"
            )

    async def score(self, rollout: Rollout) -> Verdict:
        """Asks the rule first, which is cheaper and cannot be persuaded."""
        if not rollout.task.answer.strip():
            return nothing_to_compare(rollout)
        consultation = Consultation(self.chat_model)
        rule = await verdict(rollout, self.rule)
        answer = _answer(rollout)
        askable = 0 < sum(map(str.isalnum, answer)) <= len(answer) <= self.longest
        askable = askable and not prose(answer, rollout.task)
        if rule.correct or rule.reason not in _OPEN or not askable:
            return replace(rule, parts={**rule.parts, "asked": 0.0})
        exhibits = {
            "task": question(rollout.task.prompt),
            "right answer": rollout.task.answer,
            "proposed answer": answer,
        }
        found = await rulings(consultation, _DUTY, exhibits, self.belief, self.decoding)
        belief = self.belief(found)
        correct = belief >= self.threshold
        parts = {"rule": 0.0, "asked": 1.0, "belief": belief, **soft(found)}
        note = f"the rule: {rule.reason.value}; asked about {answer[:80]}"
        return consultation.verdict(float(correct), parts, correct=correct, note=note)


def prose(answer: str, task: Task) -> bool:
    """Whether an answer is a text that could persuade a model, and no value or short phrase.

    Words of the task or of its right answer say nothing new and are not counted.
    """
    known = frozenset(_words(f"{question(task.prompt)} {task.answer}"))
    own = [word for word in _words(answer) if word not in known]
    most = max(_WORDS, len(_words(task.answer)))
    return len(own) > most or not _ADDRESS.isdisjoint(own)


def _words(text: str) -> list[str]:
    spaced = _WORD.findall(_UNSPACED.sub(" ", text))
    return [word.casefold() for word in spaced] + _UNSPACED.findall(text)


def _answer(rollout: Rollout) -> str:
    """The reply's one announced answer; empty where there is none, or where there are several."""
    text = after_think(with_open_think(rollout.turns))
    _, found = answers(text or "", rollout.finish)
    return found[-1] if found and len({plain(one) for one in found}) == 1 else ""
