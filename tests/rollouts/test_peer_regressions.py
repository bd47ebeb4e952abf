"""Faults that other libraries had, in miniature."""

import asyncio
from dataclasses import dataclass, replace
from math import inf, nan

import pytest
import torch
from conversations import PLAIN, learner_of, words
from echoing import END, TASK, TOKENIZER, Echoing, World, played
from fakes import fake
from pyarrow import parquet
from recorded import recorded
from rollouts.test_hostile_worlds import Silent
from saying import conversation
from small import followed, small

from whet.calls.formats.xml import Xml
from whet.calls.tools import Tool
from whet.environments.agents.tool_agent import ToolAgent
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.protocols import Learner, Reward
from whet.rollouts.batching import build_batch
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.rollouts.runner import RolloutRunner
from whet.types import (
    Decoding,
    Finish,
    Group,
    Reason,
    Request,
    UsageError,
    Verdict,
)
from whet.types.optimizers import AdamW

LEARNER = fake(Learner, version=0)
CALL = "count(3)"


def built(groups, name="dr_grpo"):
    return asyncio.run(build_batch(groups, algorithms.load(name), LEARNER))[0]


def test_a_conversation_is_learned_from_beyond_the_limit_of_one_reply():
    """A merged conversation was cut at the limit of a turn (rllm-org/rllm#575)."""

    async def long(task, policy):
        for turn in range(5):
            await policy(f"{turn}|")
        return Verdict.points(policy.seed % 2, correct=False)

    groups, _ = played(long, length=3)
    batch = built(groups)
    assert [rollout.length for rollout in batch.rollouts] == [15, 15]
    assert len(batch.tokens.advantage) == batch.tokens.totals.tokens == 30


@pytest.mark.parametrize("interrupted", range(4))
def test_an_interrupted_reply_stays_within_its_limit(interrupted):
    """A resumed reply got a new budget, less its own tokens twice (verl-project/verl#7207)."""

    async def once(task, policy):
        await policy(task.prompt)

    [[rollout]], generator = played(once, Echoing(interrupted=interrupted), seeds=(3,), length=5)
    assert rollout.length <= 5
    asked = [call["how"].max_new_tokens for call in generator.calls]
    assert asked == [5, 3, 1][: len(asked)]


def test_a_parameter_of_a_call_is_never_run(tmp_path, monkeypatch):
    """A parser evaluated parameters of a list type (verl-project/verl#6542)."""
    monkeypatch.chdir(tmp_path)
    given = {"type": "object", "properties": {"items": {"type": "array"}}, "required": ["items"]}
    schema = {"type": "function", "function": {"name": "foo", "parameters": given}}
    code = '__import__("os").system("touch stolen")'
    text = f"<tool_call><function=foo><parameter=items>{code}</parameter></function></tool_call>"
    _, calls = Xml().for_tools((schema,)).read(text)
    assert len(calls) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seconds", [nan, inf, -inf, 0.0])
def test_a_limit_of_time_is_a_finite_number(seconds):
    """Time-outs of NaN and infinity were accepted (PrimeIntellect-ai/verifiers#2255).

    With NaN, no timer of the event loop fires any more.
    """

    @dataclass(frozen=True)
    class Timeless(World):
        world_seconds: float = seconds

    async def once(task, policy):
        await policy(task.prompt)

    player = RolloutPlayer(Echoing(), TextRenderer(TOKENIZER, frozenset({END})), Timeless(once))
    with pytest.raises(UsageError, match="world_seconds is"):
        asyncio.run(player.play(Request.of(TASK, (3,), Decoding())))

    def count(key: str) -> str:
        """Count.

        Args:
            key: What.
        """
        return key

    with pytest.raises(UsageError, match="seconds is"):
        Tool.of(count, seconds=seconds)


class Counter:
    """Counts its calls, of which the first one loses the connection."""

    made = 0
    closing = None

    def count(self, key: int) -> str:
        """Count.

        Args:
            key: What.
        """
        type(self).made += 1
        raise ConnectionError(f"lost after {key}")

    async def aclose(self):
        if self.closing is not None:
            raise self.closing


def test_a_call_that_fails_is_not_repeated():
    """A retry ran the same program of a stateful session again (verifiers#1739)."""
    Counter.made, Counter.closing = 0, None
    renderer = words(PLAIN)
    agent = ToolAgent(tools=(Counter,))
    [rollout], generator = conversation(renderer, END, [CALL, "7"], agent, TASK)
    assert Counter.made == 1 and len(generator.prompts) == 1
    assert rollout.verdict.fault and "lost after 3" in rollout.verdict.note


def test_a_sandbox_that_dies_with_the_last_reply_is_a_fault():
    """Losing the sandbox at the end lost the run, or scored 0 (verifiers#1245, rllm#736)."""
    Counter.closing = ConnectionError("no sandbox")
    try:
        agent = ToolAgent(tools=(Counter,))
        [rollout], _ = conversation(words(PLAIN), END, ["7"], agent, TASK)
    finally:
        Counter.closing = None
    assert rollout.reply == "7" and rollout.verdict.fault
    assert rollout.finish is Finish.FAULT and rollout.score is None


def one(name, tokens, score, **more):
    """A rollout of single-token replies."""
    verdict = Verdict(reason=Reason.PARTIAL, score=score)
    return recorded(
        task=TASK,
        turns=("?", "!"),
        id=name,
        tokens=(0, *tokens),
        chosen=(False, *[True] * len(tokens)),
        behaviour_logp=(-0.5,) * len(tokens),
        verdict=verdict,
        **more,
    )


def test_a_node_of_many_leaves_is_learned_once():
    """A node that n branches share was trained n times (PrimeIntellect-ai/prime-rl#2975)."""
    leaves = [one("a", (1, 2, 9), 1.0)]
    leaves += [one(f"b{n}", (1, 2, n), 1.0, parent="a", forked_at=2) for n in range(3, 7)]
    batch = built([Group.of([*leaves, one("c", (8,), 0.0)])])
    weight = batch.tokens.weight[batch.tokens.row < 5].view(5, 3)
    assert weight.sum(0).tolist() == pytest.approx([1, 1, 5])
    assert batch.tokens.totals.tokens == pytest.approx(1 + 1 + 5 + 1)


def test_a_reward_is_compared_between_rollouts_and_not_between_their_turns():
    """Rewards were normalised over segments, of which a rollout has many (miles#2368, #2369)."""

    async def talkative(task, policy):
        for turn in range(1 + 4 * (policy.seed % 2)):
            await policy(f"{turn}|")
        return Verdict.points(6.0 * (policy.seed % 2), correct=False)

    groups, _ = played(talkative, seeds=(2, 3))
    batch = built(groups)
    assert [len(rollout.acts) for rollout in batch.rollouts] == [1, 5]
    short = batch.rollouts[0].length
    assert batch.tokens.advantage[:short].tolist() == [-3.0] * short
    assert batch.tokens.advantage[short:].tolist() == [3.0] * batch.rollouts[1].length
    grpo = replace(algorithms.load("grpo"), regularisers=())
    share = grpo.aggregation(built(groups).tokens)
    assert share[:short].sum() == pytest.approx(0.5) and share.sum() == pytest.approx(1.0)


@dataclass(frozen=True)
class Length(Reward):
    """A tenth of the number of tokens, so that a row tells whose reward it has."""

    def score(self, rollout):
        return Verdict(reason=Reason.PARTIAL, score=rollout.length / 10, correct=False)


def test_a_row_of_the_ledger_has_the_reward_of_its_own_rollout(tmp_path):
    """The reward of one sample was logged with the length of another one (THUDM/slime#2234)."""
    brief = EvalConfig(problems=1, samples=1, k=(1,))
    followed(small(reward=Length(), warmup=(), steps=1, evaluation=brief), tmp_path)
    files = sorted((tmp_path / "rollouts").glob("step-*.parquet"))
    rows = [row for path in files for row in parquet.read_table(path).to_pylist()]
    assert len({sum(row["action_mask"]) for row in rows}) > 1
    for row in rows:
        assert row["score"] == pytest.approx(sum(row["action_mask"]) / 10)
        assert len(row["behaviour_logp"]) == len(row["advantage"] or row["behaviour_logp"])


def test_one_failed_play_takes_no_other_of_its_group():
    """One failed rollout cost its group, or the run (huggingface/trl#7176)."""

    async def fragile(task, policy):
        await policy(task.prompt)
        if policy.seed == 4:
            raise ConnectionError("gone")
        return Verdict.points(policy.seed, correct=False)

    groups, _ = played(fragile, seeds=(3, 4, 5))
    assert [rollout.verdict.fault for rollout in groups[0]] == [False, True, False]
    assert [rollout.seed for rollout in built(groups).rollouts] == [3, 5]
    assert set(built(groups).tokens.advantage.tolist()) == {-1.0, 1.0}


def test_a_reward_of_0_is_a_reward():
    """A score of 0.0 was taken for a missing one (OpenRLHF/OpenRLHF#1219)."""

    async def judged(task, policy):
        await policy(task.prompt)
        return Verdict.points(0.0, correct=False)

    [group], _ = played(judged)
    idle = RolloutPlayer(Echoing(), TextRenderer(TOKENIZER, frozenset({END})))
    scored = asyncio.run(RolloutRunner(idle, None, 0).score(group))
    assert [rollout.score for rollout in scored] == [0.0, 0.0]
    assert len(built([scored]).rollouts) == 2


def test_a_reply_that_the_end_token_ends_is_as_good_as_one_that_a_stop_string_ends():
    """The end token was no stop string, and the reply scored 0 (tinker-cookbook#685)."""

    async def stopping(task, policy):
        reply = await policy(task.prompt, stop=("\n",))
        return Verdict.binary(correct=reply == "30", finish=None)

    [[rollout]], _ = played(stopping, seeds=(3,))
    assert rollout.token_ids[-1] == END
    assert rollout.reply == "30" and rollout.verdict.correct
    assert rollout.finish is Finish.STOP


def test_a_rollout_without_a_sampled_token_counts_in_the_baseline_and_moves_nothing():
    """A row without a sampled token broke the step (NovaSky-AI/SkyRL#1817)."""

    async def once(task, policy):
        await policy(task.prompt)
        return Verdict.points(policy.seed, correct=False)

    [group], _ = played(once, Silent(silent={3}), seeds=(3, 4, 8))
    assert [rollout.length for rollout in group] == [0, 3, 3]
    learner = learner_of("llama", PLAIN)
    learner.reset_optimizer(AdamW())
    objective = algorithms.load("dapo")
    batch, _ = asyncio.run(build_batch([group], objective, learner))
    assert batch.tokens.totals.rollouts == 2
    update = asyncio.run(learner.step(objective, batch, 1e-3))
    assert torch.isfinite(torch.tensor(update.loss)) and update.metrics["grad_norm"].value > 0
