"""Companions that have a say in verdicts: by hand, in a run, and after a kill."""

import asyncio
from dataclasses import dataclass, replace
from math import cos, log, sin, sqrt
from pathlib import Path
from typing import Any

import pytest
import torch
from recorded import recorded
from small import Digits, FirstDigit, small
from torch.testing import assert_close
from whet.training.assemble import scored, shared
from whet.training.companions.coevolving import LiveCoevolving, contrast
from whet.training.companions.consistent import LiveConsistent
from whet.training.companions.lengths import LiveLengthTargets
from whet.training.companions.paths import LivePathConsistency
from whet.training.conduct import Ended, conduct
from whet.training.stage import Opening, Stage

from whet.data.pool import Pool
from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.learner import EmbeddedLearner
from whet.engines.models import Fresh
from whet.engines.tokenizers import Characters
from whet.policy import algorithms
from whet.policy.extensions.coevolving import Coevolving
from whet.policy.extensions.consistent import Consistent
from whet.policy.extensions.length_targets import LengthTargets
from whet.policy.extensions.path_consistency import PathConsistency
from whet.rewards.judging import dated
from whet.rewards.shaping._schedule import Ramp
from whet.rewards.shaping.annealed import Annealed
from whet.rewards.shaping.gated import Gated
from whet.training.loop import Step
from whet.types import Refusal, Rollout, Task, Verdict
from whet.types.optimisers import AdamW

VERIFIER = Coevolving(hint="{answer}", probes=4, optimiser=AdamW(rate=1e-3))
MODEL = Fresh(shape="llama-tiny", tokenizer=Characters(alphabet="0123456789=;#"))
ENGINE = Embedded(device="cpu", threads=1)


def folded(run: Any, folder, stop_after: int = -1) -> list[Any]:
    """All events of a run; a kill is a loop that is left."""
    folder.mkdir(exist_ok=True)
    events = []

    async def follow() -> None:
        async for event in conduct(run, folder):
            events.append(event)
            if sum(isinstance(e, Step) for e in events) == stop_after:
                return

    asyncio.run(follow())
    return events


def accompanied_by(companion: Any, **changes: Any) -> Any:
    objective = replace(algorithms.load("dapo"), companions=(companion,))
    run = small(objective=objective, corpus=Pool(corpus=Digits(), size=5), steps=5)
    return replace(run, **changes)


@dataclass(frozen=True)
class Stepped:
    """The first digit decides; how much of the reply is the answer's digit is its step score."""

    def score(self, rollout: Rollout) -> Verdict:
        share = rollout.reply.count(rollout.task.answer) / max(len(rollout.reply), 1)
        return replace(FirstDigit().score(rollout), parts={"mean_step": share})


RUNS = {
    "cooper": accompanied_by(VERIFIER),
    "covo": accompanied_by(PathConsistency(mark="=")),
    "prof": accompanied_by(Consistent(), reward=Stepped()),
    "laser_d": accompanied_by(LengthTargets(targets=(9, 6, 3), least=2)),
    "annealed": small(reward=Annealed(extra=Stepped(), weight=Ramp(steps=4), inner=FirstDigit())),
}


@pytest.mark.parametrize("name", RUNS)
def test_killed_and_resumed_it_ends_with_the_same_weights(name, tmp_path):
    whole = folded(RUNS[name], tmp_path / "whole")[-1]
    folded(RUNS[name], tmp_path / "cut", stop_after=3)
    assert isinstance(whole, Ended) and whole.complete
    assert folded(RUNS[name], tmp_path / "cut")[-1] == whole


def test_the_verifier_is_heard_and_watched(tmp_path):
    events = [e for e in folded(RUNS["cooper"], tmp_path / "run") if isinstance(e, Step)]
    for step in events:
        for rollout in (r for group in step.groups for r in group):
            parts = rollout.verdict.parts
            heard = parts["rule"] + VERIFIER.weight * parts["verifier"]
            assert rollout.verdict.score == pytest.approx(heard)
            assert rollout.verdict.correct == (parts["rule"] == 1)
    assert {r.verdict.parts["verifier"] for g in events[0].groups for r in g} == {0.5}
    assert len({r.verdict.parts["verifier"] for g in events[-1].groups for r in g}) > 2
    said = events[-1].told
    assert said["verifier_pairs"].total > 0 and said["verifier_frozen"].total in (0, 1)
    assert 0 <= said["verifier_probe_accuracy"].value <= 1
    assert said["verifier_agrees"].count == 16


def opened(folder):
    """A verifier, and who puts text into tokens."""
    _, learner = ENGINE.open(MODEL, 0)
    learner.begin(AdamW())
    learner.save(folder)
    opening = Opening(engine=ENGINE, learner=learner, base=folder)
    return LiveCoevolving.open(VERIFIER, opening), learner


def pairs_of(learner, digits):
    tasks = [Task(id=d, prompt=f"{d}=", answer=d) for d in digits]
    wrong = [str((int(t.answer) + 3) % 10) for t in tasks]
    return [
        (learner.imitate(t, t.answer), learner.imitate(t, bad))
        for t, bad in zip(tasks, wrong, strict=True)
    ]


def test_the_contrast_is_learned_and_slices_do_not_show(tmp_path):
    live, learner = opened(tmp_path)
    pairs = pairs_of(learner, "0123456789")
    assert contrast(live.model, pairs, 0.0) == pytest.approx(log(2))  # s⁺ = s⁻ = 0
    found = []
    for budget, count in ((8, 4), (4096, 24)):
        model = replace(ENGINE, budget=budget).critic(tmp_path)
        model.begin(AdamW(rate=3e-3))
        found.append([contrast(model, pairs, 3e-3) for _ in range(count)])
    assert_close(torch.tensor(found[0]), torch.tensor(found[1][:4]), rtol=1e-2, atol=1e-3)
    assert found[1][-1] < 0.3 * found[1][0]


def test_a_verifier_that_falls_on_its_probes_learns_no_more(tmp_path):
    live, learner = opened(tmp_path)
    live.probes = pairs_of(learner, "0123")
    stage = acted(learner)
    assert told(live, stage)["verifier_probe_accuracy"].value == 0.5
    assert not live.frozen and live.best == 0.5
    live.best = 0.54
    assert told(live, stage)["verifier_frozen"].total == 1
    assert live.frozen and live.best == 0.54
    live.pairs = pairs_of(learner, "45")
    assert "verifier_loss" not in told(live, stage)
    again, _ = opened(tmp_path)
    again.restore(live.state(), stage)
    assert again.frozen and again.state() == live.state()


def test_probes_are_read_with_their_answer_and_never_learned_from(tmp_path):
    live, learner = opened(tmp_path)
    task = Task(id="t", prompt="4=", answer="4")
    seen: list[str] = []

    async def judged(group):
        seen.extend(r.reply for r in group)
        return tuple(replace(r, verdict=FirstDigit().score(r)) for r in group)

    stage = acted(learner, judged)
    right = replace(learner.imitate(task, "4"), verdict=Verdict.binary(correct=True))
    wrong = replace(learner.imitate(task, "5"), verdict=Verdict.binary(correct=False))
    asyncio.run(live.join(stage, [(right, wrong)] * 6))
    assert len(live.probes) == 4 and len(live.pairs) == 2  # 4 probes first, then lessons
    good, bad = live.probes[0]
    assert good.turns == ("4=4", "4") and bad.turns[0] == "4=4" and bad.reply in set(seen)
    assert "4" not in seen and all(len(reply) == 1 for reply in seen)


async def nobody(asked: Any) -> Any:
    raise AssertionError(asked)


def acted(learner: Any, judged: Any = nobody) -> Stage:
    """A stage on which nothing is played."""
    return Stage(
        run=small(),
        number=0,
        learner=learner,
        episode=nobody,
        judged=judged,
        folder=Path("nowhere"),
    )


def told(live: Any, stage: Stage) -> Any:
    """What a companion says that learns from nothing."""
    dapo = algorithms.load("dapo")
    rollouts, scores = scored([], dapo.needs, stage.learner)
    return live.learn(stage, shared(rollouts, scores, dapo), scores)


class Known(EmbeddedLearner):
    """A learner that likes answer 1 from the second step on, and answer 2 before."""

    asked: tuple[Rollout, ...] = ()

    def logp(self, rollouts):
        type(self).asked += tuple(rollouts)
        return torch.cat([torch.full((r.length,), self._of(r)) for r in rollouts])

    @staticmethod
    def _of(rollout):
        begun = sum(token == 0 for token in rollout.tokens[1:])
        likes = 1 if begun else 2
        return -0.5 if rollout.tokens[-1] == likes else -2.0


@pytest.fixture
def known():
    _, learner = ENGINE.open(MODEL, 0)
    Known.asked = ()
    return Known(learner.backbone, learner.tokenizer, learner.budget)


def chain(answer: int, steps: int, *, correct: bool) -> Rollout:
    """`steps` steps "a;" (tokens 9 0), then the answer."""
    said = (9, 0) * steps + (answer,)
    return recorded(
        task=Task(id="t", prompt="?"),
        seed=steps,
        turns=("?", "a;" * steps + str(answer)),
        tokens=(5, *said),
        chosen=(False,) + (True,) * len(said),
        behaviour_logp=(-1.0,) * len(said),
        char_ends=tuple(range(1, len(said) + 1)),
        verdict=Verdict.binary(correct=correct),
    )


def test_covo_by_hand(known):
    """States of the three: own-nearest [0,1,1,1], [0,1] for answer 1; [1,0,0] for answer 2."""
    group = (chain(1, 3, correct=True), chain(1, 1, correct=True), chain(2, 2, correct=False))
    stage = acted(known)
    [found] = asyncio.run(LivePathConsistency(PathConsistency(mark=";")).join(stage, [group]))
    parts = [(r.verdict.parts["consistency"], r.verdict.parts["volatility"]) for r in found]
    assert parts == [(0.75, 0), (0.5, 0), (pytest.approx(1 / 3), pytest.approx(2 / 3))]
    ones = (0.75 + 0.5) / 2
    two = sqrt((cos(2 / 3) / 3) ** 2 + (sin(2 / 3) / 3) ** 2)
    assert [r.verdict.score for r in found] == pytest.approx([ones, ones, two])
    assert [r.verdict.correct for r in found] == [True, True, False]
    assert [r.verdict.parts["unshaped"] for r in found] == [1, 1, 0]
    # every answer after every beginning, and nothing but the answer is chosen
    assert len(known.asked) == 2 * (4 + 2 + 3)
    assert {r.length for r in known.asked} == {1}
    assert known.asked[2].tokens == (5, 9, 0, 1) and known.asked[2].chosen == (
        *[False] * 3,
        True,
    )


def test_one_answer_alone_teaches_nothing(known):
    group = (chain(1, 3, correct=True), chain(1, 1, correct=True))
    stage = acted(known)
    [found] = asyncio.run(LivePathConsistency(PathConsistency(mark=";")).join(stage, [group]))
    assert [r.verdict.score for r in found] == [0, 0]
    assert [r.verdict.correct for r in found] == [True, True]


def stepped(step: float, *, correct: bool) -> Rollout:
    verdict = replace(Verdict.binary(correct=correct), parts={"mean_step": step})
    return replace(chain(1, 1, correct=correct), verdict=verdict)


def test_prof_keeps_the_best_of_the_right_and_the_worst_of_the_wrong(known):
    rows = ((0.9, True), (0.2, True), (0.6, True), (0.1, True), (0.8, False), (0.3, False))
    fault = replace(chain(1, 1, correct=False), verdict=Verdict.unjudged("no"))
    group = (*(stepped(step, correct=right) for step, right in rows), fault)
    stage = acted(known)
    [found] = asyncio.run(LiveConsistent(Consistent()).join(stage, [group]))
    assert found == (group[0], group[5], fault)
    with pytest.raises(Refusal, match="Consistent.part is 'mean_step', but verdicts have"):
        asyncio.run(LiveConsistent(Consistent()).join(stage, [(chain(1, 1, correct=True),)]))


def test_targets_follow_the_lengths_of_right_replies(known):
    value = LengthTargets(targets=(9, 9, 9), least=3, window=4, quantile=0.5)
    live, stage = LiveLengthTargets(value), acted(known)
    group = (
        chain(1, 1, correct=True),
        chain(1, 2, correct=True),
        chain(1, 3, correct=True),
    )  # 3, 5 and 7 tokens
    [found] = asyncio.run(live.join(stage, [group]))
    assert [r.verdict.score for r in found] == [1.5, 1.5, 1.5]
    now = told(live, stage)
    assert [now[f"target_length_{b}"].total for b in range(3)] == [9, 9, 5]
    [found] = asyncio.run(live.join(stage, [group]))
    assert [r.verdict.score for r in found] == [1.5, 1.5, 1.0]
    assert live.lengths[2] == [7, 3, 5, 7]
    hopeless = (chain(1, 1, correct=False),)
    [found] = asyncio.run(live.join(stage, [hopeless]))
    assert found[0].verdict.score == 0 and found[0].verdict.parts["length"] == 0


def test_a_run_judges_every_step_at_its_own_time(tmp_path):
    steps = [e for e in folded(RUNS["annealed"], tmp_path / "run") if isinstance(e, Step)]
    for step in steps:
        weight = 0.2 * max(1 - step.number / 4, 0)
        for rollout in (r for group in step.groups for r in group):
            parts = rollout.verdict.parts
            wanted = parts["rule"] + weight * parts["model"]
            assert rollout.verdict.score == pytest.approx(wanted)


def test_a_judge_inside_another_is_of_the_same_step():
    inner = Annealed(weight=Ramp(steps=10))
    outer = Gated(inner=inner)
    assert dated(outer, 7) == replace(outer, inner=inner.at(7))
    assert dated(Gated(), 7) == Gated() and dated(None, 7) is None
    twice = Annealed(inner=inner)
    assert dated(twice, 3) == Annealed(inner=inner.at(3)).at(3)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Coevolving(weight=1.0), "Coevolving.weight is 1.0"),
        (lambda: Coevolving(hint="no"), "Coevolving.hint is 'no'"),
        (lambda: Coevolving(probes=0), "Coevolving.probes is 0"),
        (lambda: PathConsistency(mark=""), "PathConsistency.mark is ''"),
        (lambda: Consistent(drop=1.0), "Consistent.drop is 1.0"),
        (lambda: LengthTargets(bounds=(0.5,)), "LengthTargets.bounds"),
        (lambda: LengthTargets(quantile=0.0), "LengthTargets.quantile is 0.0"),
        (lambda: LengthTargets(least=0), "LengthTargets.least is 0"),
    ],
)
def test_wrong_settings_are_refused(make, says):
    with pytest.raises(Refusal, match=says):
        make()


def test_the_answer_is_told_in_the_last_words_of_a_chat():
    asked = Task(id="t", prompt=({"role": "user", "content": "2+2?"},), answer="4")
    read = Coevolving().read(asked).prompt
    assert read == ({"role": "user", "content": "2+2?\n(The answer is 4.)"},)


@pytest.mark.parametrize(
    ("name", "companion"),
    [("cooper", Coevolving()), ("covo", PathConsistency()), ("prof", Consistent())],
)
def test_the_algorithm_is_grpo_in_company(name, companion):
    objective = algorithms.load(name)
    assert objective.companions == (companion,)
    assert replace(objective, companions=()) == algorithms.load("grpo")
