"""The reward `math`: read the answers of a reply, compare them exactly, else ask math-verify."""

from dataclasses import dataclass, replace
from time import perf_counter

from whet.protocols import Reward
from whet.rewards.verifiable.extraction import after_think, with_open_think
from whet.rewards.verifiable.math.canonical import canonical
from whet.rewards.verifiable.math.equality import equal
from whet.rewards.verifiable.math.normal import formula, plain
from whet.rewards.verifiable.math.number import number
from whet.rewards.verifiable.math.parts import parts
from whet.rewards.verifiable.math.replies import Given, given
from whet.rewards.verifiable.math.saying import says
from whet.rewards.verifiable.math.symbolic import agree
from whet.rewards.verifiable.math.tolerance import within
from whet.rewards.verifiable.math.wording import in_words
from whet.rewards.verifiable.verdicts import no_answer, nothing_to_compare
from whet.sandbox.workers import Died, Workers
from whet.types import Reason, Rollout, Task, Verdict
from whet.types.messages import question_in

_SHOWN = 80  # characters of an answer in a note
_LONGEST_GOLD = 4000  # characters of a task's answer; a longer one is a fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Math(Reward):
    r"""1 where the final answer equals the task's, else 0.

    The answer stands after the thoughts in the last `<answer>`, in the last `\boxed{…}`, after
    `the answer is` or `Answer:`, behind `####`, in a list at the end, or in the last sentence that
    is no courtesy, check or offer.  That sentence must not doubt, ask, bound the value, or tell of
    another thing than the question.  Boxes in earlier lines and sentences are steps; of several in
    one sentence each must equal the task's answer, or all together, for a reply with two others
    bets on both.  If the task's answer has parts `(a)`, `(b)`, each is compared with its own.  An
    answer without its end is none: an open tag or box, and the last sentence of a reply that was
    cut.  A task may have a relative tolerance, `info["rel_tol"]`, or absolute ones,
    `info["abs_tol"]`: a list of one error, or of one for each number where the answer has several
    with commas between them.

    Formulas are computed with fractions or 50 digits, in bounded time.  Only where the task's own
    answer cannot be read so does math-verify decide, in a worker; what hangs it is then the
    policy's failure if the task's answer can be compared with 0.  A task's answer that neither can
    read is a fault.
    """

    limit_s: float = 5.0  # wall time of one comparison by math-verify
    longest: int = 512  # characters of an answer; what is longer is wrong
    boxes: int = 4  # boxes of different text; a reply with more is wrong
    workers: int = 2

    def score(self, rollout: Rollout) -> Verdict:
        start = perf_counter()
        verdict = self._judge(rollout)
        return replace(verdict, cost_ms=1000 * (perf_counter() - start))

    def _judge(self, rollout: Rollout) -> Verdict:
        if len(rollout.task.answer) > _LONGEST_GOLD:
            return _unread(rollout.task)
        if not plain(rollout.task.answer).strip():  # `$$` says nothing, as blanks do
            return nothing_to_compare(rollout)
        text = after_think(with_open_think(rollout.turns))
        if text is None:
            return Verdict.failure(Reason.TRUNCATED, note="the thoughts never end")
        found = given(text, rollout.finish)
        wanted = parts(rollout.task.answer)
        said = parts(_in_one_box(found)) or parts(text) if wanted else {}
        if wanted and said.keys() == wanted.keys():
            verdicts = [
                self._replied(_about(rollout, part), given(said[label], rollout.finish))
                for label, part in wanted.items()
            ]
            return next((one for one in verdicts if one.correct is not True), verdicts[0])
        return self._replied(rollout, found)

    def _replied(self, rollout: Rollout, found: Given) -> Verdict:
        """The verdict on the answers of a reply."""
        if not found.answers:
            return no_answer(rollout)
        if (
            len({plain(one) if len(one) <= self.longest else one for one in found.answers})
            > self.boxes
        ):
            note = f"{found.where}: {len(found.answers)} answers"
            return Verdict.failure(Reason.WRONG, note=note)
        for whole in () if found.added else found.listed:
            if (verdict := self._answer(rollout, whole, "list")).correct:
                return verdict
        judged = [
            self._answer(rollout, answer, found.where) for answer in dict.fromkeys(found.answers)
        ]
        judged += [self._answer(rollout, answer, "announcement") for answer in found.added]
        return next((verdict for verdict in judged if verdict.correct is False), judged[0])

    def _answer(self, rollout: Rollout, answer: str, where: str) -> Verdict:
        """The verdict on one answer."""
        note = f"{where}: {answer[:_SHOWN]}"
        if len(answer) > self.longest:
            note = f"{where}: {len(answer)} characters, more than {self.longest}"
            return Verdict.failure(Reason.WRONG, note=note)
        task = rollout.task
        question = question_in(task.prompt)

        def meant(text: str) -> bool | None:
            return _allowed(task, text) or equal(task.answer, text, question)

        correct = meant(answer) if where == "box" else says(answer, meant, question)
        if correct is False and where == "box" and (words := in_words(answer)):
            correct = says(words, meant, question)
        if correct is None:
            return self._asked_of_a_library(rollout, answer, note)
        return Verdict.binary(correct=correct, note=note, answer=canonical(answer))

    def _asked_of_a_library(self, rollout: Rollout, answer: str, note: str) -> Verdict:
        """math-verify's verdict, for a task's answer that is not read here."""
        workers = Workers(count=self.workers, limit_s=self.limit_s, modules=("math_verify",))
        gold = formula(rollout.task.answer)
        try:
            equal = workers.call(agree, gold, formula(answer))
        except Died as death:
            return Verdict.unjudged(f"{note}: {death}")
        except TimeoutError:
            if _can_judge(workers, gold):
                return Verdict.failure(Reason.TIMEOUT, note=note)
            equal = None
        if equal is None:
            return _unread(rollout.task)
        return Verdict.binary(correct=equal, note=note, answer=canonical(answer))


def _in_one_box(found: Given) -> str:
    """The only box of a reply; empty for any other reply."""
    return found.answers[0] if found.where == "box" and len(found.answers) == 1 else ""


def _about(rollout: Rollout, part: str) -> Rollout:
    """The rollout of a task that asks for one part."""
    return replace(rollout, task=replace(rollout.task, answer=part))


def _unread(task: Task) -> Verdict:
    """The fault of a task whose answer is not read."""
    gold = formula(task.answer[:_LONGEST_GOLD])[:_SHOWN]
    return Verdict.unjudged(f"the answer of task {task.id!r} can't be read: {gold}")


def _can_judge(workers: Workers, gold: str) -> bool:
    """Whether the gold answer can be compared with 0 in time."""
    try:
        return workers.call(agree, gold, "0") is not None
    except TimeoutError:
        return False


def _allowed(task: Task, answer: str) -> bool:
    """Whether the answer is right within the errors that the task allows."""
    tolerance = float(task.info.get("rel_tol") or 0.0)
    exact, found = number(task.answer), number(answer)
    if tolerance and exact is not None and found is not None and exact.agrees(found, tolerance):
        return True
    errors = task.info.get("abs_tol")
    return bool(errors) and bool(within(task.answer, answer, errors))
