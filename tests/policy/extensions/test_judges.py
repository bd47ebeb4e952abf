"""Extensions that have a say in verdicts, or choose by them: by hand."""

from dataclasses import replace
from math import cos, log, sin, sqrt

import pytest
import torch
from policy.extensions.tiny_run import (
    TASKS,
    TinyLearner,
    TinyRun,
    TinyValues,
    after_rollout,
    after_update,
    finished,
    group_of,
    opened,
    own,
    rendered,
    ticket_of,
)

from whet.policy.extensions.coevolving import Coevolving, contrast
from whet.policy.extensions.distinct import Distinct
from whet.policy.extensions.length_targets import LengthTargets
from whet.policy.extensions.path_consistency import PathConsistency
from whet.policy.extensions.process_outcome_filter import ProcessOutcomeFilter
from whet.types import Decoding, Task, UsageError, Verdict

ASKED = Task(id="t", prompt="?", answer="1")


def chain(answer: int, steps: int):
    hot = Decoding(temperature=0.5)
    return own("a;" * steps + str(answer), ASKED, seed=steps, decoding=hot)


class Heading(TinyLearner):
    """It likes answer 1 from the second step on, and answer 2 before."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = []

    async def logp(self, rollouts, of="policy"):
        self.asked += rollouts
        return torch.cat([torch.full((r.length,), self._of(r)) for r in rollouts])

    @staticmethod
    def _of(rollout):
        ids = rollout.token_ids.tolist()
        likes = "1" if ord(";") in ids[1:] else "2"
        return -0.5 if chr(ids[-1]) == likes else -2.0


def test_covo_by_hand():
    """States of the three: own-nearest [0,1,1,1], [0,1] for answer 1; [1,0,0] for answer 2."""
    run = TinyRun(learner=Heading())
    live = opened(run, PathConsistency(mark=";"))
    [found] = after_rollout(run, live, 0, group_of(chain(1, 3), chain(1, 1), chain(2, 2)))
    parts = [(r.verdict.parts["consistency"], r.verdict.parts["volatility"]) for r in found]
    assert parts == [(0.75, 0.25), (0.5, 0.5), (pytest.approx(1 / 3), pytest.approx(1))]
    x, y = (0.75 * turn(0.25) + 0.5 * turn(0.5) for turn in (cos, sin))
    ones = sqrt(x**2 + y**2) / 2
    two = sqrt((cos(1) / 3) ** 2 + (sin(1) / 3) ** 2)
    assert [r.verdict.score for r in found] == pytest.approx([ones, ones, two])
    assert [r.verdict.correct for r in found] == [True, True, False]
    assert [r.verdict.parts["unshaped"] for r in found] == [1, 1, 0]
    # every answer after every beginning, and nothing but the answer is chosen
    asked = run.learner.asked
    assert len(asked) == 2 * (4 + 2 + 3)
    assert {r.length for r in asked} == {1}
    assert asked[2].token_ids.tolist() == [ord(c) for c in "?a;1"]
    assert asked[2].action_mask.tolist() == [False, False, False, True]
    assert {r.decoding.temperature for r in asked} == {1.0}


def test_one_answer_alone_teaches_nothing_and_demonstrations_keep_their_score():
    run = TinyRun(learner=Heading())
    live = opened(run, PathConsistency(mark=";"))
    demo = replace(rendered(ASKED, "b;1"), verdict=Verdict.binary(correct=True))
    group = group_of(chain(1, 3), chain(1, 1)).joined([demo])
    [found] = after_rollout(run, live, 0, group)
    assert [r.verdict.score for r in found] == [0, 0, 1]
    assert [r.verdict.correct for r in found] == [True, True, True]


def test_prof_keeps_the_best_of_the_right_and_the_worst_of_the_wrong():
    run = TinyRun()
    rows = ((0.9, True), (0.2, True), (0.6, True), (0.1, True), (0.8, False), (0.3, False))
    verdicts = [replace(Verdict.binary(correct=c), parts={"mean_step": s}) for s, c in rows]
    judged = [own("1;1", seed=n, verdict=v) for n, v in enumerate(verdicts)]
    fault = own("1;2", seed=9, verdict=Verdict.unjudged("no"))
    group = replace(group_of(*judged, fault), learn=(True,) * 6 + (False,))
    live = opened(run, ProcessOutcomeFilter())
    [found] = after_rollout(run, live, 0, group)
    assert found.rollouts == (group[0], group[5], group[6])
    assert found.learn == (True, True, False)


def test_prof_refuses_verdicts_that_never_had_its_part():
    run = TinyRun()
    live = opened(run, ProcessOutcomeFilter())
    bare = group_of(own("1;1", verdict=Verdict.binary(correct=True)))
    after_rollout(run, live, 0, bare)
    with pytest.raises(
        UsageError, match=r"ProcessOutcomeFilter\.part is 'mean_step', but verdicts have"
    ):
        after_update(run, live, 0, bare)
    after_rollout(run, live, 0, group_of(own("1;1")))
    after_update(run, live, 0, bare)


def test_of_right_replies_with_one_path_the_first_stays():
    run = TinyRun()
    task = Task(id="t", prompt="?", answer="7")
    texts = ("3+4 so 7", "3 + 4 gives 7", "4+3 so 7", "3+4 so 8", "3+4 so 8")
    demo = replace(rendered(task, "3+4 is 7"), verdict=Verdict.binary(correct=True))
    group = group_of(*(own(t, task, seed=n) for n, t in enumerate(texts))).joined([demo])
    [found] = after_rollout(run, opened(run, Distinct()), 0, group)
    assert [r.reply for r in found] == [texts[0], texts[2], texts[3], texts[4], "3+4 is 7"]


def lengths_of(*steps: int, ticket: int = 0):
    return group_of(*(chain(1, n) for n in steps), ticket=ticket)


def test_targets_follow_the_lengths_of_right_replies():
    run = TinyRun()
    live = opened(run, LengthTargets(targets=(9, 9, 9), least=3, window=4, quantile=0.5))
    group = lengths_of(1, 2, 3)  # 3, 5 and 7 tokens
    [found] = after_rollout(run, live, 0, group)
    assert [r.verdict.score for r in found] == [1.5, 1.5, 1.5]
    now = after_update(run, live, 0, group)
    assert [now[f"target_length_{b}"].total for b in range(3)] == [9, 9, 5]
    [found] = after_rollout(run, live, 1, lengths_of(1, 2, 3, ticket=3), number=3)
    assert [r.verdict.score for r in found] == [1.5, 1.5, 1.0]
    after_update(run, live, 1, group)
    assert live.lengths[2] == [7, 3, 5, 7]
    [found] = after_rollout(run, live, 2, group_of(own("a;0", ASKED), ticket=6), number=6)
    assert found[0].verdict.score == 0 and found[0].verdict.parts["length"] == 0


def test_all_tickets_of_a_step_meet_the_targets_of_the_steps_before():
    run = TinyRun()
    live = opened(run, LengthTargets(targets=(9, 9, 9), least=1, window=2, quantile=1.0))
    later, earlier = lengths_of(1, ticket=2), lengths_of(3, 2, ticket=1)
    after_rollout(run, live, 0, later, number=2)
    [found] = after_rollout(run, live, 0, earlier, number=1)
    assert [r.verdict.score for r in found] == [1.5, 1.5]
    after_update(run, live, 0, earlier)
    assert live.lengths[2] == [5, 3]  # 7, 5 of ticket 1, then 3 of ticket 2; the last two


def test_a_ticket_of_a_later_step_waits_for_its_step():
    run = TinyRun()
    live = opened(run, LengthTargets(least=1))
    group = lengths_of(1, ticket=3)  # of 3 tickets a step, number 3 is the first of step 1
    after_rollout(run, live, 0, group, number=3)
    after_update(run, live, 0, group)
    assert live.lengths == {}
    again = opened(run, LengthTargets(least=1))
    finished(again.load_state_dict(live.state_dict(), run.context(1)))
    after_update(run, again, 1, group)
    assert again.lengths == {2: [3]}


def test_opinions_are_measured_from_the_middle_of_the_probes():
    run = TinyRun()
    live = opened(run, VERIFIER)
    live.middle = 0.25
    [heard] = after_rollout(run, live, 0, group_of(own("1;0"), own("1;1", seed=1)))
    assert [r.verdict.parts["verifier"] for r in heard] == [0.5, 0.5]


VERIFIER = Coevolving(hint="{answer}", probes=4)


def pairs_of(digits: str):
    tasks = [Task(id=d, prompt=f"{d}=", answer=d) for d in digits]
    wrong = [str((int(t.answer) + 3) % 10) for t in tasks]
    return [(rendered(t, t.answer), rendered(t, w)) for t, w in zip(tasks, wrong, strict=True)]


class Sliced(TinyValues):
    """A value model that reads so many rollouts at once."""

    def __init__(self, budget: int) -> None:
        super().__init__()
        self.budget = budget

    async def step(self, fit, rollouts, lr):
        weight = self.weight.clone().requires_grad_()
        start = 0
        for first in range(0, len(rollouts), self.budget):
            value = self._of(rollouts[first : first + self.budget], weight).float()
            fit(value, slice(start, start + len(value))).backward()
            start += len(value)
        self.weight = self.weight - lr * weight.grad
        return {}


def test_the_contrast_is_learned_and_slices_do_not_show():
    """With s = w (token mod 5) + ¼,  dL/dw = mean −σ(−w Δ) Δ,  Δ the difference of last tokens."""
    pairs = pairs_of("0124")
    gaps = torch.tensor([(a.token_ids[-1] % 5 - b.token_ids[-1] % 5).item() for a, b in pairs])
    found = []
    for budget in (1, 3, 99):
        model, losses = Sliced(budget), []
        for _ in range(4):
            losses.append(finished(contrast(model, pairs, 0.3)))
        found.append(losses)
    assert found[0] == pytest.approx(found[2]) and found[1] == pytest.approx(found[2])
    assert found[0][0] == pytest.approx(log(2))  # s⁺ = s⁻
    weight = 0.3 * (gaps / 2).mean().item()
    second = torch.log1p(torch.exp(-weight * gaps)).mean().item()
    assert found[0][1] == pytest.approx(second)
    assert found[0][3] < found[0][0]


def test_a_verifier_that_falls_on_its_probes_learns_no_more():
    run = TinyRun()
    live = opened(run, VERIFIER)
    live.probes = pairs_of("0123")
    assert after_update(run, live, 0, group_of(own("1;0")))["verifier_probe_accuracy"].value == 0.5
    assert not live.frozen and live.best == 0.5
    live.best = 0.54
    told = after_update(run, live, 1, group_of(own("1;0")))
    assert told["verifier_frozen"].total == 1
    assert live.frozen and live.best == 0.54
    live.pairs.put(ticket_of(6), pairs_of("45"))
    assert after_update(run, live, 2, group_of(own("1;0")))["verifier_loss"].count == 0
    again = opened(run, VERIFIER)
    finished(again.load_state_dict(live.state_dict(), run.context(2)))
    assert again.frozen and again.probes == live.probes and again.middle == live.middle


def test_probes_are_read_with_their_answer_and_never_learned_from():
    run = TinyRun()
    live = opened(run, VERIFIER)
    task = Task(id="t", prompt="4=", answer="4")
    right, wrong = own("4", task), own("5", task)
    pair = group_of(right, wrong)
    for number in range(3):
        pair = group_of(replace(right, id=f"r{number}"), replace(wrong, id=f"w{number}"))
        [heard] = after_rollout(run, live, 0, pair.numbered(number), number=number)
        said = 0.5 * torch.tensor(0.25).sigmoid().item()  # s = ¼ while the weight is 0
        assert [r.verdict.score for r in heard] == pytest.approx([1 + said, said])
        assert [r.verdict.parts["rule"] for r in heard] == [1, 0]
    told = after_update(run, live, 0, pair)
    assert len(live.probes) == 3 and told["verifier_pairs"].total == 0
    assert told["verifier_agrees"].count == 6
    good, bad = live.probes[0]
    assert good.turns == ("4=4", "4") and bad.turns[0] == "4=4"
    seen = [r.reply for group in run.judged for r in group]
    assert bad.reply in seen and "4" not in seen and all(len(reply) == 1 for reply in seen)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Coevolving(weight=1.0), r"Coevolving\.weight is 1\.0"),
        (lambda: Coevolving(hint="no"), r"Coevolving\.hint is 'no'"),
        (lambda: Coevolving(probes=0), r"Coevolving\.probes is 0"),
        (lambda: PathConsistency(mark=""), r"PathConsistency\.mark is ''"),
        (lambda: ProcessOutcomeFilter(drop=1.0), r"ProcessOutcomeFilter\.drop is 1\.0"),
        (lambda: LengthTargets(bounds=(0.5,)), r"LengthTargets\.bounds"),
        (lambda: LengthTargets(quantile=0.0), r"LengthTargets\.quantile is 0\.0"),
        (lambda: LengthTargets(least=0), r"LengthTargets\.least is 0"),
    ],
)
def test_wrong_settings_are_refused(make, says):
    with pytest.raises(UsageError, match=says):
        make()


def test_the_answer_is_told_in_the_last_words_of_a_chat():
    asked = Task(id="t", prompt=({"role": "user", "content": "2+2?"},), answer="4")
    read = Coevolving().read(asked).prompt
    assert read == ({"role": "user", "content": "2+2?\n(The answer is 4.)"},)


def test_faults_are_heard_by_no_judge():
    fault = own("1;0", TASKS[0], verdict=Verdict.unjudged("away"))
    for companion in (VERIFIER, PathConsistency(mark=";"), LengthTargets()):
        run = TinyRun()
        [found] = after_rollout(run, opened(run, companion), 0, group_of(fault))
        assert found[0].verdict.fault
