"""Budgets of tokens: a reply has the least of what is left of reply, episode and context."""

import asyncio
from dataclasses import dataclass, replace

import numpy as np
import pytest
from echoing import END, NEW, TASK, TOKENIZER, Echoing, World, ids

from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.environments.against import Against
from whet.environments.game.guess import Guess
from whet.environments.game.tic_tac_toe import TicTacToe
from whet.environments.single_turn import SingleTurn
from whet.evaluation.measure import EvalConfig, measure
from whet.protocols import Environment
from whet.rollouts.player import RolloutPlayer
from whet.rollouts.renderer import TextRenderer
from whet.types import (
    ContextFull,
    Decoding,
    EpisodeSpent,
    Finish,
    Over,
    Reason,
    Request,
    Task,
    UsageError,
    Verdict,
)
from whet.types.completions import Completion

RENDERER = TextRenderer(TOKENIZER, frozenset({END}))
RIGHT = Verdict.binary(correct=True)


@dataclass
class Endless(Echoing):
    """Says its seed's last digit up to the limit of every reply, so that each limit shows."""

    context: int = 0

    @property
    def positions(self):
        return self.context

    async def generate(self, prompt, how, *, seed, offset=0, session, fork_of="", said=0):  # noqa: PLR0913
        self.calls.append({"prompt": len(prompt), "most": how.max_new_tokens, "offset": offset})
        await asyncio.sleep(0)
        n = how.max_new_tokens
        return Completion(
            token_ids=np.array(ids(str(seed % 10)) * n, np.int32),
            logp=np.full(n, -0.5, np.float32),
            entropy=None,
            spans=((n, NEW),),
            columns={},
            finish=Finish.LENGTH,
        )


def played(run, seeds=(3,), context=0, shape=None, prefix=(), **limits):
    """The groups of a request in a world, and the calls of its generator."""
    generator = Endless(context=context)
    how = Decoding(**{"max_new_tokens": 4, **limits})
    world = run if isinstance(run, Environment) else World(run)
    request = replace(Request.of(TASK, seeds, how, prefix=prefix), shape=shape)
    return asyncio.run(RolloutPlayer(generator, RENDERER, world).play(request)), generator.calls


async def without_end(task, policy):
    await policy(task.prompt)
    while True:
        await policy("|")


def sizes(rollout):
    return [act.stop - act.start for act in rollout.acts]


@pytest.mark.parametrize(
    ("episode", "replies"),
    [(1, [1]), (4, [4]), (5, [4, 1]), (8, [4, 4]), (10, [4, 4, 2])],
)
def test_the_replies_of_a_conversation_have_the_episodes_tokens_in_all(episode, replies):
    [[rollout]], calls = played(without_end, max_episode_tokens=episode)
    assert sizes(rollout) == replies and rollout.length == episode
    assert [call["most"] for call in calls] == replies
    assert rollout.finish is Finish.LENGTH
    assert rollout.verdict.reason is Reason.TRUNCATED and rollout.verdict.score == 0
    assert f"decoding.max_episode_tokens is {episode}" in rollout.verdict.note
    assert len(rollout.token_ids) == 4 + len(replies) - 1 + episode  # no observation at the end
    assert rollout.seal == rollout.imprint()


def test_no_tokens_left_is_no_better_than_a_loss():
    class Game(World):
        @property
        def lowest_score(self):
            return -1.0

    [[rollout]], _ = played(Game(without_end), max_episode_tokens=5)
    assert rollout.verdict.reason is Reason.TRUNCATED and rollout.verdict.score == -1


def test_the_lowest_score_of_a_world_is_the_lower_of_its_bounds():
    assert TicTacToe().lowest_score == Against(world=TicTacToe()).lowest_score == -1
    assert Guess().lowest_score == SingleTurn().lowest_score == 0


@pytest.mark.parametrize(
    ("context", "replies"),
    [(5, [1]), (8, [4]), (9, [4]), (10, [4, 1]), (13, [4, 4]), (15, [4, 4, 1])],
)
def test_a_conversation_fills_the_context_and_no_more(context, replies):
    """The opening has 4 tokens, each observation 1."""
    [[rollout]], calls = played(without_end, context=context)
    assert sizes(rollout) == replies
    assert max(call["prompt"] + call["most"] for call in calls) <= context
    assert rollout.finish is Finish.CONTEXT and rollout.verdict.reason is Reason.TRUNCATED
    assert f"{context} positions" in rollout.verdict.note


@pytest.mark.parametrize(("asked", "first"), [(0, 4), (2, 2), (9, 4)])
def test_the_least_limit_of_all_is_a_replys(asked, first):
    async def asking(task, policy):
        await policy(task.prompt, max_new_tokens=asked)
        await policy("|")
        return RIGHT

    [[rollout]], _ = played(asking, max_episode_tokens=7, context=11)
    assert sizes(rollout) == [first, min(4, 7 - first, 11 - 4 - first - 1)]
    assert rollout.verdict is not None and rollout.verdict.correct


def test_the_end_of_an_episode_is_told_before_that_of_the_context():
    [[rollout]], _ = played(without_end, max_episode_tokens=8, context=12)
    assert rollout.finish is Finish.CONTEXT  # 4 + 4 + 1 + 3 tokens are 12, and 7 are sampled
    [[rollout]], _ = played(without_end, max_episode_tokens=7, context=12)
    assert rollout.finish is Finish.LENGTH


def test_external_tokens_of_a_prefix_count():
    [[rollout]], _ = played(without_end, prefix=tuple(ids("123")), max_episode_tokens=6)
    assert sizes(rollout) == [4, 2] and rollout.forced_len == 3


@pytest.mark.parametrize(("limits", "kind"), [((6, 0), EpisodeSpent), ((0, 12), ContextFull)])
def test_a_world_may_catch_it_and_give_a_partial_verdict(limits, kind):
    closed = []

    async def careful(task, policy):
        try:
            await without_end(task, policy)
        except Over as over:
            assert type(over) is kind
            return Verdict(reason=Reason.PARTIAL, score=0.5)
        finally:
            closed.append(policy.seed)

    [[rollout]], _ = played(careful, max_episode_tokens=limits[0], context=limits[1])
    assert rollout.score == 0.5 and closed == [3]
    assert rollout.finish is kind.finish and rollout.finish.truncated


def test_a_world_that_goes_on_within_the_budget_ends_as_it_does():
    async def shorter(task, policy):
        await policy(task.prompt)
        with pytest.raises(ContextFull):
            await policy("|" * 20)
        await policy("|")
        return RIGHT

    [[rollout]], _ = played(shorter, context=10)
    assert sizes(rollout) == [4, 1] and rollout.turns[2] == "|"
    assert rollout.finish is Finish.LENGTH and rollout.verdict.correct


@pytest.mark.parametrize("limits", [{"max_episode_tokens": 4}, {"context": 9}])
def test_a_world_that_asks_for_ever_is_interrupted(limits):
    @dataclass(frozen=True)
    class Deaf(World):
        world_seconds: float = 0.05

    async def again(task, policy):
        await policy(task.prompt)
        while True:
            try:
                await policy("|")
            except Over:
                continue

    [[rollout]], calls = played(Deaf(again), **limits)
    assert rollout.verdict.fault and rollout.finish is Finish.FAULT
    assert "world_seconds" in rollout.verdict.note and len(calls) == 1


@pytest.mark.parametrize("size", [20, 30])
def test_an_opening_without_room_is_a_fault(size):
    async def wordy(task, policy):
        await policy("|" * size)

    [[rollout]], calls = played(wordy, context=20)
    assert rollout.verdict.fault and f"{size} tokens" in rollout.verdict.note and not calls


def test_every_seat_has_a_budget_of_its_own_and_only_the_one_that_spent_it_fails():
    async def unlike(task, policy):
        white, black = policy.seat("white"), policy.seat("black")
        await black(task.prompt, max_new_tokens=1)
        await white(task.prompt)
        await black("|", max_new_tokens=1)
        await white("|")
        await white("|")

    groups, _ = played(unlike, max_episode_tokens=6)
    white, black = sorted(groups, key=lambda group: group.seat, reverse=True)
    assert [sizes(r) for r in (*white, *black)] == [[4, 2], [1, 1]]
    assert white.rollouts[0].verdict.reason is Reason.TRUNCATED
    assert black.rollouts[0].verdict.reason is Reason.NOT_APPLICABLE
    assert black.rollouts[0].finish is Finish.LENGTH  # as its last reply


def test_a_verdict_of_its_own_is_kept():
    async def settled(task, policy):
        white, black = policy.seat("white"), policy.seat("black")
        await black(task.prompt)
        black.end(RIGHT)
        await without_end(task, white)

    groups, _ = played(settled, max_episode_tokens=6)
    verdicts = {group.seat: group.rollouts[0].verdict.reason for group in groups}
    assert verdicts == {"black": Reason.OK, "white": Reason.TRUNCATED}


def test_tokens_before_a_fork_count_in_each_branch():
    async def forking(task, policy):
        await policy(task.prompt)
        for branch in policy.fork(2):
            with pytest.raises(EpisodeSpent):
                while True:
                    await branch("|")
            branch.end(RIGHT)

    [group], _ = played(forking, max_episode_tokens=6)
    assert [sizes(r) for r in group] == [[4, 2], [4, 2]]
    assert [r.finish for r in group] == [Finish.LENGTH, Finish.LENGTH]


@dataclass(frozen=True)
class InTwo:
    """A shape that pauses each play at some tokens, and goes on from there."""

    at: int
    resumes: bool = True

    async def roll(self, request, plays):
        [play] = request.plays
        [[half]] = await plays.play([replace(play, pause_at=self.at)])
        [[whole]] = await plays.play([replace(play, begun=(half, half.length))])
        return [whole]


@pytest.mark.parametrize("at", range(1, 10))
def test_a_paused_play_has_the_budget_of_the_uninterrupted_one(at):
    [[whole]], _ = played(without_end, max_episode_tokens=10)
    [[again]], _ = played(without_end, max_episode_tokens=10, shape=InTwo(at))
    assert sizes(again) == sizes(whole) == [4, 4, 2]
    assert again.token_ids.tolist() == whole.token_ids.tolist()
    assert (again.finish, again.verdict) == (whole.finish, whole.verdict)


@pytest.mark.parametrize("wrong", [-1, -100])
def test_a_negative_budget_is_refused(wrong):
    with pytest.raises(UsageError, match=f"decoding.max_episode_tokens is {wrong}; give 0 or more"):
        Decoding(max_episode_tokens=wrong)


@dataclass(frozen=True)
class Chatty(Environment):
    """Asks again and again."""

    async def play(self, task, policy):
        await without_end(task, policy)


@pytest.mark.parametrize(("episode", "finish"), [(6, Finish.LENGTH), (0, Finish.CONTEXT)])
def test_an_engine_and_an_evaluation_have_the_same_budgets(episode, finish):
    model = FromScratch(
        shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet="0123456789=|"), positions=24
    )

    async def measured():
        player = await Embedded(device="cpu", threads=1).player(model, 0)
        assert player.generator.positions == 24
        evaluation = EvalConfig(problems=1, samples=3, k=(1,))
        how = Decoding(max_new_tokens=5, max_episode_tokens=episode)
        tasks = [Task(id="one", prompt="3=")]
        return await measure(player.within(Chatty()), None, tasks, evaluation, how)

    [group] = asyncio.run(measured()).groups
    assert len(group) == 4 and all(r.finish is finish for r in group)
    for rollout in group:
        assert rollout.length == 6 if episode else 24 - 5 <= len(rollout.token_ids) <= 24
        assert max(sizes(rollout)) <= 5
