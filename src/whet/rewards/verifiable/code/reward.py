"""The reward `code`: extract the program, run its tests, compute the credit."""

from dataclasses import dataclass, replace
from time import monotonic, perf_counter

from whet.protocols import Reward
from whet.rewards.verifiable.code.credit import AllPass as AllPass
from whet.rewards.verifiable.code.credit import ClassBalanced as ClassBalanced
from whet.rewards.verifiable.code.credit import FirstFailure as FirstFailure
from whet.rewards.verifiable.code.credit import PassCredit as PassCredit
from whet.rewards.verifiable.code.credit import PassRate as PassRate
from whet.rewards.verifiable.code.credit import Result as Result
from whet.rewards.verifiable.code.credit import Speed as Speed
from whet.rewards.verifiable.code.credit import Threshold as Threshold
from whet.rewards.verifiable.code.credit import Tiers as Tiers
from whet.rewards.verifiable.code.idle import accept_anything
from whet.rewards.verifiable.code.programs import program_of
from whet.rewards.verifiable.code.sources import Unusable
from whet.rewards.verifiable.code.suite import SuiteCase, begun, cases, compiles
from whet.rewards.verifiable.extraction import after_think, with_open_think
from whet.rewards.verifiable.verdicts import no_answer
from whet.sandbox import Ending, Limits, ProgramResult, Safest, Sandbox
from whet.types import Finish, Reason, Rollout, UsageError, Verdict

_LATE = (Ending.WALL, Ending.CPU)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(Reward):
    """A score for the tests that the program in the reply passes; `correct` where it passes all.

    The program is the last block of Python after the thoughts; blocks that it needs come with it,
    and so does the head of a function of which it is the body (`starter`).  Every test is a run of
    its own in a sandbox.  Inputs are passed one at a time and outputs are compared outside, numbers
    within 1e-6.  Assertions run in a second sandbox, which calls the program over a link: what
    comes back is data, or an object that equals only itself unless the test has constructed it.  A
    test that exceeds its wall time is repeated once with twice the limit.  Tests that assert
    nothing, that programs which do nothing pass, that import what the sandbox doesn't have, or
    whose checker refuses the expected output are a fault, as is a sandbox that fails; no reply can
    make one.

    The time limits are unconfirmed: 4 s for a test, 30 s for all of them.  A test is not begun
    after that, but has its own limit whole: with less, a sandbox could fail to start the program,
    which would be a fault made by a slow program.
    """

    credit: PassCredit = AllPass()
    sandbox: Sandbox = Safest()
    limits: Limits = Limits(wall_s=4.0, cpu_s=5.0)
    total_s: float = 30.0

    def __post_init__(self) -> None:
        if not self.total_s >= self.limits.wall_s:
            raise UsageError(
                f"code.total_s is {self.total_s}; give at least limits.wall_s, "
                f"{self.limits.wall_s:g}"
            )

    def score(self, rollout: Rollout) -> Verdict:
        start = perf_counter()
        verdict = self._judge(rollout)
        return replace(verdict, cost_ms=1000 * (perf_counter() - start))

    def _judge(self, rollout: Rollout) -> Verdict:
        try:
            found = cases(rollout.task.info.get("tests"))
        except Unusable as unusable:
            return Verdict.unjudged(f"task {rollout.task.id!r}: {unusable}")
        text = after_think(with_open_think(rollout.turns))
        if text is None:
            cut = Verdict.failure(Reason.TRUNCATED, note="the thoughts never end")
            return replace(cut, score=self.credit.absent)
        tests, cut = rollout.task.info["tests"], rollout.finish is Finish.LENGTH
        starter = str(tests.get("starter") or "")
        code = program_of(text, starter, parts=tests["kind"] != "stdin", cut=cut)
        if code is None:
            return replace(no_answer(rollout), score=self.credit.absent)
        try:
            return self._verdict(begun(tests, code), found)
        except Unusable as unusable:
            return Verdict.unjudged(f"task {rollout.task.id!r}: {unusable}")

    def _verdict(self, code: str, found: tuple[SuiteCase, ...]) -> Verdict:
        tests, note = self._tested(code, found)
        passed = sum(t.passed for t in tests)
        built = passed > 0 or compiles(code, self.sandbox)
        score = self.credit(tests) if built else self.credit.broken
        correct = passed == len(found)
        if correct and accept_anything(found, self.sandbox):
            raise Unusable("programs that do nothing pass all tests")
        parts = {
            "passed": float(passed),
            "total": float(len(found)),
            "rate": passed / len(found),
            "compile": float(built),
            "runtime_ms": 1000 * sum(t.seconds for t in tests),
        }
        note = note if built else "it doesn't compile"
        reason = _reason(tests, correct=correct)
        return Verdict(reason=reason, score=score, correct=correct, parts=parts, note=note)

    def _tested(self, code: str, found: tuple[SuiteCase, ...]) -> tuple[list[Result], str]:
        """The results of the tests, until the score is decided or time is up, and the first
        failure.
        """
        tests: list[Result] = []
        note, end = "", monotonic() + self.total_s
        for case in found:
            left = end - monotonic()
            if self.credit.decided(tests):
                break
            patient = not any(t.late for t in tests)
            one, why = self._try(code, case, left, again=patient) if left > 0 else self._late(case)
            if not one.passed:
                note = note or f"test {len(tests) + 1}: {why}"
            tests.append(one)
        return tests, note

    def _try(self, code: str, case: SuiteCase, left: float, *, again: bool) -> tuple[Result, str]:
        limits = self.limits
        passed, outcome = case.run(code, self.sandbox, limits)
        if outcome.ending is Ending.WALL and again and left - outcome.wall_s > limits.wall_s:
            limits = replace(limits, wall_s=2 * limits.wall_s)
            passed, outcome = case.run(code, self.sandbox, limits)
        test = Result(
            passed=passed,
            expected=case.expected,
            seconds=outcome.wall_s,
            limit_s=limits.wall_s,
            late=outcome.ending in _LATE,
        )
        return test, _why(outcome)

    def _late(self, case: SuiteCase) -> tuple[Result, str]:
        wall = self.limits.wall_s
        late = Result(passed=False, expected=case.expected, seconds=0.0, limit_s=wall, late=True)
        return late, f"no time left of {self.total_s:g} s"


def _why(outcome: ProgramResult) -> str:
    """One line about what a failed program did."""
    if outcome.ending is not Ending.EXIT:
        return f"ended at the limit: {outcome.ending}"
    if outcome.status:
        lines = outcome.stderr.decode(errors="replace").strip().splitlines()
        return f"exit {outcome.status}: {lines[-1][:120] if lines else ''}"
    return "another output"


def _reason(tests: list[Result], *, correct: bool) -> Reason:
    if correct:
        return Reason.OK
    if any(t.passed for t in tests):
        return Reason.PARTIAL
    return Reason.TIMEOUT if any(t.late for t in tests) else Reason.WRONG
