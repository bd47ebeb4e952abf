"""The reward `math`: extract the answer, compare exactly, else ask math-verify."""

import re
from dataclasses import dataclass, replace
from time import perf_counter

from whet.protocols import Reward
from whet.rewards.verifiable.extraction import after_think, answers, with_open_think
from whet.rewards.verifiable.math.canonical import canonical
from whet.rewards.verifiable.math.normal import brackets, formula, plain, tidy, unassigned
from whet.rewards.verifiable.math.number import number
from whet.rewards.verifiable.math.symbolic import agree
from whet.rewards.verifiable.math.tolerance import within
from whet.rewards.verifiable.verdicts import no_answer, nothing_to_compare
from whet.sandbox.workers import Died, Workers
from whet.types import Reason, Rollout, Task, Verdict

_SHOWN = 80  # characters of an answer in a note
_PROSE = re.compile(r"[A-Za-z ]*[A-Za-z]{4}[A-Za-z ]*")  # to algebra, a product of its letters

_UNDONE = re.compile(r"\\(?:int|sum|prod|lim)(?![a-zA-Z])|\\frac\{d\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Math(Reward):
    r"""1 where the final answer equals the task's, else 0.

    The answer stands after the thoughts in the last `<answer>`, in the last `\boxed{…}`, after
    `final answer is` or `Answer:`, or in a line `#### …`.  Of several boxes each must equal the
    task's answer, for a reply with two others bets on both.  An answer without its end is none: an
    open tag or box, and the last sentence of a reply that was cut.  A task may have a relative
    tolerance, `info["rel_tol"]`, or absolute ones, `info["abs_tol"]`: a list of one error, or of
    one for each number where the answer has several with commas between them.

    An answer that hangs the checker is the policy's failure if the gold answer can be compared with
    0.  A gold answer that cannot, and a checker that crashes, are faults.
    """

    limit_s: float = 5.0  # wall time of one comparison
    longest: int = 512  # characters of an answer; what is longer is wrong
    boxes: int = 4  # boxes of different text; a reply with more is wrong
    workers: int = 2

    def score(self, rollout: Rollout) -> Verdict:
        start = perf_counter()
        verdict = self._judge(rollout)
        return replace(verdict, cost_ms=1000 * (perf_counter() - start))

    def _judge(self, rollout: Rollout) -> Verdict:
        if not plain(rollout.task.answer).strip():  # `$$` says nothing, as blanks do
            return nothing_to_compare(rollout)
        text = after_think(with_open_think(rollout.turns))
        if text is None:
            return Verdict.failure(Reason.TRUNCATED, note="the thoughts never end")
        where, found = answers(text, rollout.finish)
        if not found:
            return no_answer(rollout)
        different = {plain(answer): answer for answer in found}
        if len(different) > self.boxes:
            return Verdict.failure(Reason.WRONG, note=f"{where}: {len(different)} answers")
        judged = [self._compare(rollout, answer, where) for answer in different.values()]
        return next((verdict for verdict in judged if verdict.correct is False), judged[-1])

    def _compare(self, rollout: Rollout, answer: str, where: str) -> Verdict:
        """The verdict on one answer."""
        if len(answer) > self.longest:
            note = f"{where}: {len(answer)} characters, more than {self.longest}"
            return Verdict.failure(Reason.WRONG, note=note)
        task, note = rollout.task, f"{where}: {answer[:_SHOWN]}"
        known = _settled(task, answer)
        if known is not None:
            return Verdict.binary(correct=known, note=note, answer=canonical(answer))
        workers = Workers(count=self.workers, limit_s=self.limit_s, modules=("math_verify",))
        gold = formula(task.answer)
        try:
            equal = workers.call(agree, gold, formula(answer))
        except Died as death:
            return Verdict.unjudged(f"{note}: {death}")
        except TimeoutError:
            if _can_judge(workers, gold):
                return Verdict.failure(Reason.TIMEOUT, note=note)
            equal = None
        if equal is None:
            return Verdict.unjudged(
                f"the answer of task {task.id!r} can't be read: {gold[:_SHOWN]}"
            )
        return Verdict.binary(correct=equal, note=note, answer=canonical(answer))


def _can_judge(workers: Workers, gold: str) -> bool:
    """Whether the gold answer can be compared with 0 in time."""
    try:
        return workers.call(agree, gold, "0") is not None
    except TimeoutError:
        return False


def _settled(task: Task, answer: str) -> bool | None:
    """The verdict of exact rules, and of the errors that a task allows; None for algebra."""
    known = _known(task.answer, answer, float(task.info.get("rel_tol") or 0.0))
    allowed = task.info.get("abs_tol")
    if known or not allowed:
        return known
    near = within(task.answer, answer, allowed)
    return known if near is None else near


def _known(gold: str, answer: str, tolerance: float) -> bool | None:
    """The verdict where exact rules decide; None where algebra is needed."""
    if plain(gold) == plain(answer):
        return True
    (wanted, _), (given, _) = unassigned(tidy(gold)), unassigned(tidy(answer))
    if wanted and given and wanted != given:
        return False
    exact, found = number(gold), number(answer)
    if exact is not None:
        return found is not None and exact.agrees(found, tolerance)
    if _PROSE.fullmatch(plain(gold)):
        return plain(gold).casefold() == plain(answer).casefold()
    kinds = brackets(tidy(gold)), brackets(tidy(answer))
    undone = _UNDONE.search(tidy(answer)) and not _UNDONE.search(tidy(gold))
    if undone or (all(kinds) and kinds[0] != kinds[1]):
        return False
    return None if formula(gold + answer).isascii() else False
