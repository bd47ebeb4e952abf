"""Judges that are trained, and the policy as its own judge."""

import asyncio

import pytest
import torch
from advisers import rolled
from recorded import recorded
from said import asked

from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy.advantages import Centred
from whet.rewards.generative.model_verifier import ModelVerifier
from whet.rewards.generative.pairwise import Pairwise
from whet.rewards.generative.pointwise import Pointwise
from whet.rewards.generative.policy_judge import Plain, PolicyJudge
from whet.rewards.generative.referee import Referee, kendall
from whet.rewards.generative.self_critique import SelfCritique
from whet.rewards.generative.turn_rewards import TurnRewards
from whet.rewards.generative.verdict_match import VerdictMatch
from whet.rewards.judging import context_of, verdicts
from whet.rewards.verifiable.exact import Exact
from whet.rewards.verifiable.math import Math
from whet.types import (
    AdvantageInputs,
    ChatDecoding,
    Decoding,
    Group,
    Reason,
    Request,
    Rollout,
    Task,
    UsageError,
)


def test_a_verifier_that_agrees_with_the_checker_earns_1():
    nonsense = "step 1: purple\nstep 2: seven\nVerdict: no"
    assert VerdictMatch().score(rolled(nonsense, answer="no")).score == 1
    assert VerdictMatch().score(rolled(nonsense, answer="yes")).score == 0
    babble = VerdictMatch().score(rolled("who knows", answer="yes"))
    assert babble.score == 0 and babble.reason is Reason.BAD_FORMAT
    assert VerdictMatch().score(rolled("", answer="yes")).reason is Reason.NO_ANSWER
    assert VerdictMatch().score(rolled("Verdict: yes", answer="42")).fault


def test_kendalls_tau():
    assert kendall([3, 2, 1], [9, 5, 0]) == 1
    assert kendall([1, 2, 3], [9, 5, 0]) == -1
    assert kendall([3, 1, 2], [9, 5, 0]) == pytest.approx(1 / 3)
    assert kendall([1, 1], [1, 0]) == 0
    assert kendall([5, 1, 3], [1, 0, 0]) == 1  # the pair of equals is left out


def test_a_referee_earns_by_its_order():
    worths = [1, 0, 0.5]
    right = Referee().score(rolled('{"scores": [9, 1, 4]}', worths=worths))
    assert right.score == 1 and right.correct and right.parts["tau"] == 1
    part = Referee().score(rolled('{"scores": [9, 4, 1]}', worths=worths))
    assert part.score == pytest.approx((1 + 1 / 3) / 2) and not part.correct
    wrong = Referee().score(rolled('{"scores": [1, 9, 4]}', worths=worths))
    assert wrong.score == 0 and wrong.reason is Reason.WRONG
    for reply in (
        '{"scores": [1, 2]}',
        '{"scores": [1, 2, "3"]}',
        '{"scores": [1, 2, NaN]}',
        "1 2 3",
    ):
        assert Referee().score(rolled(reply, worths=worths)).reason is Reason.BAD_FORMAT
    for task in ([], [1, 1]):
        with pytest.raises(UsageError, match="worths"):
            Referee().score(rolled("{}", worths=task))


def conversation(*replies, answer="42"):
    """Each reply is two tokens, each observation one."""
    turns = tuple(t for reply in replies for t in ("?", reply))
    task = Task(id="t", prompt="?", answer=answer)
    chosen = (False, True, True) * len(replies)
    return recorded(
        task=task,
        seed=0,
        turns=turns,
        tokens=(0,) * len(chosen),
        chosen=chosen,
        behaviour_logp=(-1.0,) * (2 * len(replies)),
    )


def scored(judge, rollout):
    return asyncio.run(judge.score(rollout))


def test_turns_earn_their_own_rewards():
    rollout = conversation("#41", "Verdict: no", "#42", "Verdict: no")
    verdict = scored(TurnRewards(checker=Exact()), rollout)
    assert verdict.credit == (0, 0, 0, 1, 0, 1, 0, 0)
    assert verdict.score == 1 and verdict.correct
    assert dict(verdict.parts) == {"turn_1": 0, "turn_2": 1, "turn_3": 1, "turn_4": 0}


def test_a_verification_without_verdict_earns_nothing():
    verdict = scored(TurnRewards(checker=Exact()), conversation("#42", "fine"))
    assert verdict.credit == (0, 1, 0, 0) and verdict.score == 1
    assert scored(TurnRewards(checker=Exact()), conversation("#42", answer="")).fault
    odd = Rollout.from_text(Task(id="t", prompt="?", answer="42"), "#42")
    with pytest.raises(ValueError, match="runs of chosen"):
        scored(TurnRewards(checker=Exact()), odd)


def test_a_refined_reply_among_wrong_ones_is_two_deviations_above():
    """Critique-GRPO's union of four wrong replies and a right one, under one baseline."""
    scores = AdvantageInputs(
        reward=torch.tensor([0.0, 0, 0, 0, 1]),
        group=torch.zeros(5, dtype=torch.long),
        row=torch.arange(5),
    )
    centred = Centred()(scores)
    standard = centred / scores.reward.std(correction=0)
    assert torch.allclose(standard, torch.tensor([-0.5, -0.5, -0.5, -0.5, 2.0]))


class Player:
    """Plays whatever it is asked: says these replies, and remembers the requests."""

    def __init__(self, *replies):
        self.replies, self.requests = list(replies), []

    async def __call__(self, request):
        self.requests.append(request)
        return Group.of([rolled(self.replies.pop(0)) for _ in request.plays])


def test_the_policy_judges_its_own_replies():
    group = (rolled("42"), rolled("41"))
    player = Player('{"score": 5}', "hm", '{"score": 1}')
    found = asked(SelfCritique(), group, player)
    assert sorted(v.score for v in found) == [0.2, 1.0]
    assert found[0].parts["judge_reply_tokens"] == 2
    first, second, third = player.requests
    assert first.task.prompt[0]["role"] == "system" and first.plays[0].decoding.temperature == 0
    assert first.task.id != second.task.id and len(third.task.prompt) == 4
    again = Player('{"score": 5}', '{"score": 5}')
    asked(SelfCritique(), group, again)
    assert again.requests[0] == first  # same question, same seeds


def test_any_judge_can_be_lent_the_policy():
    player = Player('{"better": "A"}', '{"better": "B"}')
    judge = PolicyJudge(judge=Pairwise())
    found = asked(judge, (rolled("42"), rolled("41")), player)
    assert sorted(v.score for v in found) == [0.0, 1.0]
    verifier = PolicyJudge(judge=ModelVerifier(), prompt_style=Plain())
    player = Player("Verdict: yes")
    [verdict] = asked(verifier, (rolled(r"\boxed{the product}"),), player)
    assert verdict.score == 1 and verdict.parts["soft"] == 0
    assert isinstance(player.requests[0].task.prompt, str)
    with pytest.raises(UsageError, match="policy_judge.judge"):
        PolicyJudge(judge=Math())


def test_a_real_policy_is_asked_by_playing():
    """Untrained weights fill in no form: every verdict is a fault, after one repair."""
    alphabet = "".join(map(chr, range(32, 127))) + "\n…"
    model = FromScratch(tokenizer=CharacterTokenizer(alphabet=alphabet), positions=4096)
    requests = []

    async def run():
        player = await Embedded(device="cpu").player(model, seed=0)

        async def play(request):
            requests.append(request)
            [group] = await player.play(request)
            return group

        task = Task(id="t", prompt="6*7=", answer="42")
        [group] = await player.play(Request.of(task, (1, 2), Decoding(max_new_tokens=4)))
        return group, await verdicts(group, judge, context_of(play=play))

    judge = PolicyJudge(
        judge=Pointwise(decoding=ChatDecoding(max_new_tokens=4)), prompt_style=Plain()
    )
    group, found = asyncio.run(run())
    assert len(found) == 2 and all(v.fault or v.score == 0 for v in found)
    heard = sum(any(c.isalnum() for c in r.reply) for r in group)
    assert len(requests) == 2 * heard
