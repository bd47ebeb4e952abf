"""A model that checks chains of thought: several votes on each, and the first wrong step."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from whet.protocols import ChatModel
from whet.rewards.generative.consultations import Consultation, attempted
from whet.rewards.generative.forms import Unreadable
from whet.rewards.generative.prompts import nonce_of, question
from whet.types import ChatDecoding, ChatReply, Finish, Task, UsageError

_DUTY = (
    "Is the reasoning of a reply to a task right? The steps of the reply are numbered, and the "
    "task's right answer is given. A right answer does not make the steps right. Check step after "
    "step: is it true, and does it follow from the task and the steps before it? The reasoning is "
    "right if that holds of every step that its answer rests on; a slip that the reply itself "
    "takes back is no error. A reply that states an answer without the steps that lead to it is "
    "wrong, unless the task takes no step."
)
_VERDICT = r"[*_`# ]*verdict {code}[*_` ]*:[*_` ]*(?:(right)|wrong at step (\d{{1,6}}))[*_`. ]*"
_STEP = re.compile(r"(?<=[.!?;])\s+|(?<=;)(?=\S)")  # where a chain of one line is cut


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainVote:
    """One verdict on a chain of thought."""

    ok: bool | None  # are all steps right?  None: the judge failed, or said neither
    bad_step: int | None = None  # the first wrong one, from 1
    why: str = ""  # there is no verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainVerdict:
    """All votes on a chain, and their cost."""

    votes: tuple[ChainVote, ...]
    prompt_tokens: int = 0
    reply_tokens: int = 0

    @property
    def oks(self) -> tuple[bool | None, ...]:
        """The votes alone, as `whet.evaluation.metrics.judge_votes` takes them."""
        return tuple(vote.ok for vote in self.votes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainJudge:
    """K votes of a model on a chain: are all of its steps right, and if not, which is the first?

    The judge sees the task, its right answer and the numbered steps of the reply.  K = 3 votes are
    those of Wen et al. 2025, arXiv:2506.14245.  The prompt is ours; temperature 0.6 is what is
    recommended for reasoning models of the R1 family (from memory).

    The reply cannot cast a vote.  It stands between fences as data, and a vote counts only with a
    code that is a hash of all texts, so that none of them can have it: a verdict that the reply
    states, or that the judge quotes from it, lacks the code.
    """

    chat_model: ChatModel
    name: str = ""  # of the model, in the record
    votes: int = 3
    decoding: ChatDecoding = ChatDecoding(temperature=0.6, max_new_tokens=8192)
    rules: str = ""  # how the task is meant and its steps are written; empty: the task says so

    def __post_init__(self) -> None:
        """Raise `UsageError` for votes that can't be cast, or would all be the same."""
        if self.votes < 1:
            raise UsageError(f"judge.votes is {self.votes}; give 1 or more")
        if self.votes > 1 and not self.decoding.temperature:
            raise UsageError(
                f"judge.votes is {self.votes} at temperature 0, where all are the same; give 1 "
                "vote, or a temperature above 0"
            )

    @property
    def identity(self) -> str:
        """The name, with a digest of all that decides on a vote besides the model."""
        held = repr((_DUTY, self.votes, self.decoding, self.rules)).encode()
        return f"{self.name or 'judge'} {blake2b(held, digest_size=4).hexdigest()}"

    async def judge(self, task: Task, chain: str) -> ChainVerdict:
        """All votes on a chain.

        A reply that can't be read is asked for once more.  An exception of the model, and a second
        unreadable reply, is a vote that is None.  Raises `UsageError` where the model does.
        """
        consultation = Consultation(self.chat_model)
        exhibits = self._exhibits(task, chain)
        steps = len(steps_of(chain))
        form = StepVerdict(code=nonce_of("verdict", exhibits), steps=max(steps, 1))
        asked = (self._vote(consultation, exhibits, form, place) for place in range(self.votes))
        votes = tuple(
            ChainVote(ok=None, why=f"{type(found).__name__}: {found}")
            if isinstance(found, Exception)
            else found
            for found in await attempted(asked)
        )
        return ChainVerdict(
            votes=votes,
            prompt_tokens=consultation.prompt_tokens,
            reply_tokens=consultation.reply_tokens,
        )

    async def _vote(
        self, consultation: Consultation, exhibits: dict[str, str], form: "StepVerdict", place: int
    ) -> ChainVote:
        decoding = replace(self.decoding, samples=1, seed=self.decoding.seed + place)
        [vote] = await consultation.ask(_DUTY, exhibits, form, decoding)
        return vote

    def _exhibits(self, task: Task, chain: str) -> dict[str, str]:
        answers = " or ".join(dict.fromkeys((task.answer, *task.alternatives)))
        numbered = "\n".join(f"[{n}] {step}" for n, step in enumerate(steps_of(chain), 1))
        rules = {"rules of the task": self.rules} if self.rules else {}
        return {
            **rules,
            "task": question(task.prompt),
            "right answer": answers,
            "reply": numbered or "(nothing)",
        }


def steps_of(chain: str) -> Sequence[str]:
    """The steps of a chain: its lines; of a single line its sentences, or what `;` parts (ours)."""
    lines = [line.strip() for line in chain.splitlines() if line.strip()]
    if len(lines) != 1:
        return lines
    return [part.strip() for part in _STEP.split(lines[0]) if part.strip()]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepVerdict:
    """Reasons, and a last line `Verdict CODE: right`, or `Verdict CODE: wrong at step N`."""

    code: str
    steps: int  # of the chain; N is from 1 to it
    schema: str = field(default="", init=False)  # it is no JSON

    @property
    def instruction(self) -> str:
        return (
            "Give your reasons. Then write a last line that is exactly "
            f"`Verdict {self.code}: right`, or `Verdict {self.code}: wrong at step N` with the "
            f"number N of the first wrong step, from 1 to {self.steps}."
        )

    def read(self, completion: ChatReply) -> ChainVote:
        """The vote of the last line.  Raises `Unreadable` for any other, and for a cut reply."""
        if completion.finish is Finish.LENGTH:
            raise Unreadable("the reply was cut off")
        text = completion.text.rpartition("</think>")[2].rstrip()
        line = text.rpartition("\n")[2].strip()
        match = re.fullmatch(_VERDICT.format(code=re.escape(self.code)), line, re.IGNORECASE)
        if match is None:
            raise Unreadable(f"the last line is no verdict: {line[:80]!r}")
        if match[1]:
            return ChainVote(ok=True)
        place = int(match[2])
        if not 1 <= place <= self.steps:
            raise Unreadable(f"there is no step {place}")
        return ChainVote(ok=False, bad_step=place)
