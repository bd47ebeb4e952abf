"""Judges of known quality, and what is found out about them."""

from dataclasses import dataclass, field
from math import isnan

import pytest

from whet.data.cases import Case, cases
from whet.evaluation.agreement import confusion, entropy, kappa
from whet.evaluation.attacks import attack_replies
from whet.evaluation.swaps import swapped
from whet.evaluation.verifier_pass import TimedVerdict, run_verifier
from whet.evaluation.verifiers import VerifierChecks, check_verifier, compare
from whet.protocols import GroupReward, Reward
from whet.rewards import load
from whet.rewards.dense.vine import Vine
from whet.rewards.shaping.overlong import Overlong
from whet.rewards.shaping.signed import Signed
from whet.rewards.unsupervised.majority import Majority
from whet.rewards.unsupervised.noisy import Noisy
from whet.types import Reason, Task, UsageError, Verdict


@dataclass
class Patient:
    """Looks on, and stops after so many."""

    most: float = float("inf")
    seen: int = 0
    phases: list = field(default_factory=list)

    def begin(self, phase, total):
        self.phases.append((phase, total))

    def tick(self, count):
        self.seen += count

    def stopped(self):
        return self.seen >= self.most


def case(place, correct, reply="#7", answer="7", **info):
    task = Task(id=f"t{place}", prompt=f"question {place}", answer=answer, info=info)
    return Case(task=task, reply=reply, correct=bool(correct))


class Knowing(Reward):
    """Says what the task says that it should."""

    def score(self, rollout):
        told = rollout.task.info["says"]
        if told is None:
            raise OSError("no connection")
        if isinstance(told, float):
            return Verdict(reason=Reason.OK, score=told)
        return Verdict.binary(correct=told and rollout.reply.startswith("#7"), note="so")


# right and accepted 3, right and refused 1, wrong and accepted 1, wrong and refused 2, faults 1
TABLE = [(1, True), (1, True), (1, 0.75), (1, False), (0, True), (0, False), (0, 0.25), (1, None)]
CASES = [case(i, right, says=says) for i, (right, says) in enumerate(TABLE)]


def test_a_judge_of_known_quality():
    observer = Patient()
    found = check_verifier(Knowing(), CASES, VerifierChecks(concurrency=3), observer)
    matrix = found.matrix
    assert (matrix.right_accepted, matrix.wrong_accepted) == (3, 1)
    assert (matrix.right_refused, matrix.wrong_refused) == (1, 2)
    assert matrix.precision.value == matrix.recall.value == 3 / 4
    assert matrix.specificity.value == 2 / 3 and matrix.accuracy.value == 5 / 7
    assert [e.case.task.id for e in found.false_zeros] == ["t3"]
    assert [e.case.task.id for e in found.false_ones] == ["t4"]
    assert [e.note for e in found.faults] == [
        "verifier_error: Knowing raised OSError: no connection"
    ]
    assert found.false_ones[0].note == "ok: so"
    assert found.axes.noise.value == pytest.approx(1 - (3 / 4 + 2 / 3 - 1))
    assert found.axes.objectivity.value == pytest.approx(7 / 8)
    assert found.axes.gradation.value == pytest.approx(entropy([1, 1, 0.75, 0, 1, 0, 0.25]))
    assert (found.steady.tried, found.steady.unjudged, found.steady.share) == (7, 1, 1)
    order = ["p50", "p95", "p99", "max"]
    assert sorted(found.latency_ms.values()) == [found.latency_ms[name] for name in order]
    assert found.axes.speed.value > 0 and found.axes.scale.value > 0
    assert [phase for phase, _ in observer.phases] == [
        "warming up",
        "judging",
        "judging again",
        "exchanging",
        "attacking",
    ]


def test_who_changes_its_mind_is_caught():
    class Fickle(Reward):
        def __init__(self):
            self.turn = 0

        def score(self, rollout):
            self.turn += 1
            return Verdict.binary(correct=self.turn % 2 == 0)

    found = check_verifier(Fickle(), CASES[:5], VerifierChecks(concurrency=1), Patient())
    assert found.steady.tried == 5 and found.steady.share == 0
    assert found.axes.objectivity.value == 0


def test_who_listens_to_anything_is_fooled():
    class Listening(Reward):
        def score(self, rollout):
            return Verdict.binary(correct=rollout.task.answer in rollout.reply)

    found = check_verifier(Listening(), CASES, VerifierChecks(attacked_tasks=1), Patient())
    assert {e.note for e in found.attacked.odd} >= {"all options", "ten boxes", "nested braces"}
    assert found.attacked.tried == len(attack_replies("question 0", "7"))


def test_groups_are_judged_whole():
    asked = []

    class Ranking(GroupReward):
        async def score_group(self, group, context):
            asked.append(len(group))
            best = max(len(r.reply) for r in group)
            return [Verdict.binary(correct=len(r.reply) == best) for r in group]

    rows = [case(1, 1, "long"), case(2, 1, "x"), case(1, 0, "a"), case(1, 0, "b")]
    heard = run_verifier(Ranking(), rows, 1, "judging", Patient())
    assert sorted(asked) == [1, 3]
    assert [o.accepted for o in heard.verdicts] == [True, True, False, False]


@pytest.mark.parametrize("judge", [Vine(), Signed(inner=Vine())])
def test_who_plays_requests_is_refused_by_name(judge):
    with pytest.raises(UsageError, match="reward Vine"):
        run_verifier(judge, CASES, 1, "judging", Patient())


def test_groups_are_judged_without_a_policy_by_all_that_play_nothing():
    inner = Knowing()
    steady = Noisy(probability=0.0, inner=inner)
    for judge in (Overlong(inner=inner), steady, Majority(truth=inner)):
        heard = run_verifier(judge, CASES, 1, "judging", Patient())
        alone = run_verifier(inner, CASES, 1, "judging", Patient())
        correct = [o.verdict.correct for o in heard.verdicts]
        assert correct == [o.verdict.correct for o in alone.verdicts], judge


def test_what_was_not_reached_is_not_counted():
    observer = Patient(most=8 + 3)  # warmed up, and three of the first hearing
    found = check_verifier(Knowing(), CASES, VerifierChecks(concurrency=1), observer)
    assert len(found.first_pass.judged) == 3 and found.steady.tried == 0
    assert isnan(found.steady.share) and found.matrix.right_accepted == 3
    nothing = check_verifier(Knowing(), CASES, VerifierChecks(), Patient(most=0))
    assert nothing.latency_ms == {} and isnan(nothing.axes.speed.value)


def test_two_judges_are_compared():
    heard = run_verifier(Knowing(), CASES, 1, "a", Patient())
    other = [case(i, c.correct, says=c.correct) for i, c in enumerate(CASES)]
    theirs = run_verifier(Knowing(), other, 1, "b", Patient())
    found = compare(heard, theirs)
    assert found.both == 7 and found.agreement == pytest.approx(5 / 7)
    # both accept 4 of 7: e = (16 + 9) / 49
    assert found.kappa == pytest.approx((5 / 7 - 25 / 49) / (1 - 25 / 49))
    assert [e.case.task.id for e in found.other_right] == ["t3", "t4"]
    assert found.first_right == () and found.matrix.accuracy.value == 1


def test_kappa_by_hand():
    yes, no = [True] * 20, [False] * 15
    one = yes + [True] * 5 + [False] * 10 + no  # Cohen's textbook table: 20, 5, 10, 15 of 50
    two = yes + [False] * 5 + [True] * 10 + no
    assert kappa(one, two) == pytest.approx(0.4)
    assert kappa(one, one) == 1
    assert isnan(kappa([True], [True])) and isnan(kappa([], []))


def test_entropy_and_signal_by_hand():
    assert entropy([0, 1, 0, 1]) == 1 and entropy([1, 1]) == 0
    assert entropy([0, 0.25, 0.5, 0.75]) == 2
    assert confusion([True, False], [True, False]).signal == 1
    assert confusion([True, True], [True, False]).signal == 0


def test_answers_change_places():
    turned = swapped(case(0, 1, r"so \boxed{0.5}", answer="1/2", gold="1/2", level=1))
    assert turned is not None
    assert (turned.task.answer, turned.reply) == ("0.5", r"so \boxed{1/2}")
    assert dict(turned.task.info) == {"gold": "0.5", "level": 1}
    for reply in (r"7 is \boxed{7}", "no answer", r"<think>\boxed{7}"):
        assert swapped(case(0, 1, reply)) is None


def test_a_lenient_order_is_asymmetric():
    class Prefix(Reward):
        def score(self, rollout):
            box = rollout.reply.removeprefix(r"\boxed{").removesuffix("}")
            return Verdict.binary(correct=rollout.task.answer.startswith(box))

    rows = [case(0, 1, r"\boxed{12}", answer="123"), case(1, 1, r"\boxed{4}", answer="4")]
    found = check_verifier(Prefix(), rows, VerifierChecks(), Patient())
    assert found.symmetric.tried == 2
    assert [e.case.task.id for e in found.symmetric.odd] == ["t0 exchanged"]


def test_traps_fit_the_answer():
    assert "look-alikes" in attack_replies("?", "42") and "look-alikes" not in attack_replies(
        "?", r"\pi"
    )
    assert "a negative zero" in attack_replies(
        "?", "42"
    ) and "a negative zero" not in attack_replies("?", "0")
    assert all(isinstance(reply, str) for reply in attack_replies("?", "x+1").values())


def test_opinions_of_judges_that_only_score():
    scored = Verdict(reason=Reason.PARTIAL, score=0.4)
    assert TimedVerdict(verdict=scored, seconds=0.1, ended=0.1).accepted is False
    assert TimedVerdict(verdict=Verdict.unjudged("down"), seconds=0.1, ended=0.1).accepted is None


@pytest.mark.full
@pytest.mark.timeout(120)
def test_math_accepts_no_near_miss():
    found = check_verifier(
        load("math"), cases("synthetic", count=200), VerifierChecks(swaps=20), Patient()
    )
    assert found.false_ones == () and found.faults == () and found.attacked.odd == ()
    assert found.matrix.recall.value > 0.9
    assert found.steady.share == 1
