r"""Mathematical equivalence: exact for numbers, math-verify 0.9 for all else.

Several decisions are ours, each on the side of refusing: a number must be evaluated (`2+3` is not
5, while `2^{10}` is 1024), and so must a sum, product, integral, limit or derivative that the
gold answer doesn't leave standing; 50\% is ½ and not 50; a list in round brackets is no set; units
may be missing and may not differ; look-alikes of other scripts are other letters.
"""

import re
from dataclasses import dataclass, replace
from time import perf_counter

from whet.protocols import Reward
from whet.rewards.verifiable._extraction import after_think, answers, with_open_think
from whet.rewards.verifiable._normal import brackets, formula, plain, tidy, unassigned
from whet.rewards.verifiable._number import number
from whet.rewards.verifiable._symbolic import agree
from whet.rewards.verifiable._verdicts import no_answer, nothing_to_compare
from whet.sandbox.workers import Died, Workers
from whet.types import Reason, Rollout, Verdict

_SHOWN = 80  # characters of an answer in a note
_PROSE = re.compile(r"[A-Za-z ]*[A-Za-z]{4}[A-Za-z ]*")  # to algebra, a product of its letters

_UNDONE = re.compile(r"\\(?:int|sum|prod|lim)(?![a-zA-Z])|\\frac\{d\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Math(Reward):
    r"""1 where the final answer equals the task's, else 0.

    The answer is what follows the thoughts in the last `<answer>`, the last `\boxed{…}`, or after
    `final answer is`, `####` or `Answer:`.  Two different boxes are a bet, and wrong.  A task may
    bring its own relative tolerance, `info["rel_tol"]`.

    An answer that hangs the checker is the policy's failure, if the gold answer can be compared
    with 0; a gold answer that can't, or a checker that crashes, is a fault.
    """

    limit_s: float = 5.0  # wall time of one comparison
    longest: int = 512  # characters of an answer; what is longer is wrong
    workers: int = 2

    def score(self, rollout: Rollout) -> Verdict:
        """Extract, compare, and say how long it took."""
        start = perf_counter()
        verdict = self._judge(rollout)
        return replace(verdict, cost_ms=1000 * (perf_counter() - start))

    def _judge(self, rollout: Rollout) -> Verdict:
        if not rollout.task.answer.strip():
            return nothing_to_compare(rollout)
        text = after_think(with_open_think(rollout.turns))
        if text is None:
            return Verdict.failure(Reason.TRUNCATED, note="the thoughts never end")
        where, found = answers(text)
        if not found:
            return no_answer(rollout)
        answer = found[-1]
        if len(answer) > self.longest:
            note = f"{where}: {len(answer)} characters, more than {self.longest}"
            return Verdict.failure(Reason.WRONG, note=note)
        if any(plain(other) != plain(answer) for other in set(found)):
            return Verdict.failure(Reason.WRONG, note=f"{where}: different answers")
        return self._compare(rollout, answer, f"{where}: {answer[:_SHOWN]}")

    def _compare(self, rollout: Rollout, answer: str, note: str) -> Verdict:
        task = rollout.task
        known = _known(task.answer, answer, float(task.info.get("rel_tol") or 0.0))
        if known is not None:
            return Verdict.binary(correct=known, note=note)
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
        return Verdict.binary(correct=equal, note=note)


def _can_judge(workers: Workers, gold: str) -> bool:
    """Can the gold answer be compared with anything at all in time?"""
    try:
        return workers.call(agree, gold, "0") is not None
    except TimeoutError:
        return False


def _known(gold: str, answer: str, tolerance: float) -> bool | None:
    """The verdict where it is plain to see; None where only algebra can tell."""
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
