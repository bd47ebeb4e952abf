"""Tasksets of verifiers 1 and environments of verifiers 0."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from whet.environments.adapters.finding import foreign
from whet.environments.adapters.verifiers_tasksets import VerifiersTaskset
from whet.environments.adapters.verifiers_zero import VerifiersEnvironment
from whet.types import Fault, Finish, Reply, ToolCall, UsageError

HERE = Path(__file__).parent / "foreign"
NEW, OLD = f"{HERE / 'tasksets.py'}", f"{HERE / 'beside' / 'old_style.py'}"
ZERO = f"{OLD}:load_environment"


class Policy:
    """Says replies in turn."""

    seed = 0

    def __init__(self, *replies):
        self.replies = iter(replies)
        self.heard = []
        self.tools = []

    async def __call__(self, observation, *, tools=(), **how):
        self.heard.append(observation)
        self.tools.append(len(tools))
        reply = next(self.replies)
        return reply if isinstance(reply, Reply) else Reply(reply)


def called(x, **given):
    return Reply("", calls=(ToolCall(name="double", arguments={"x": x}, **given),))


def taskset(name="Sums"):
    return VerifiersTaskset(make=f"{NEW}:{name}", processes=1)


def zero(**arguments):
    return VerifiersEnvironment(make=ZERO, arguments=arguments, processes=1)


def played(env, index, *replies):
    policy = Policy(*replies)
    return asyncio.run(env.play(env.task(index), policy)), policy


def test_a_reply_is_judged_by_the_rewards_of_its_task_with_their_weights():
    env = taskset()
    for n in range(20):
        reply = str(Random(n).choice((2 * n, n)))
        verdict, _ = played(env, n, f" {reply}\n")
        right = float(reply == str(2 * n))
        short = 1 / len(f" {reply}\n")
        assert verdict.score == pytest.approx(right + 0.1 * short + 0.1)
        assert verdict.parts == {"short": pytest.approx(short), "turns": 1.0, "right": right}
        assert verdict.correct is bool(right)


def test_thoughts_are_not_judged():
    assert played(taskset(), 2, "<think>5?</think>4")[0].parts["right"] == 1


def test_a_task_is_asked_with_its_system_prompt():
    assert taskset().task(2).prompt == ({"role": "user", "content": "2+2?"},)
    assert taskset().task(3).prompt[0] == {"role": "system", "content": "Add."}


def test_tasks_are_drawn_from_all_of_them():
    env = taskset()
    drawn = [env.draw(Random(n), 1).info["index"] for n in range(40)]
    assert len(set(drawn)) > 10 and max(drawn) < 20
    assert env.draw(Random(3), 1) == env.draw(Random(3), 1)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Opened", "a task without a prompt"),
        ("Programs", "the reward ran, which needs a runtime"),
        ("Served", "toolsets"),
        ("Nothing", "has no tasks"),
        ("reward", "has no method load"),
    ],
)
def test_what_one_reply_can_not_answer_is_refused(name, told):
    with pytest.raises(UsageError, match=told):
        taskset(name).draw(Random(0), 1)


def test_a_place_beyond_the_last_task_is_refused():
    with pytest.raises(UsageError, match="index 20, but the taskset has 20"):
        taskset().task(20)


def test_the_loop_of_the_environment_asks_answers_and_judges():
    for n in range(20):
        last = str(Random(n).choice((2 * n, n)))
        verdict, policy = played(zero(), n, called(n), last)
        assert verdict.score == float(last == str(2 * n))
        assert verdict.parts == {"turns": 3.0, "cut": 0.0}
        assert policy.heard[0] == ({"role": "user", "content": f"{n}+{n}?"},)
        [told] = policy.heard[1]
        assert told == {
            "role": "tool",
            "tool_call_id": "call00000",
            "name": "double",
            "content": str(2 * n),
        }


def test_tools_are_shown_in_the_opening_alone():
    assert played(zero(), 1, called(1), called(2), "2")[1].tools == [1, 0, 0]


def test_ids_of_calls_are_kept_where_the_format_has_them():
    _, policy = played(zero(), 1, called(1, id="abcdefghi"), "2")
    assert policy.heard[1][0]["tool_call_id"] == "abcdefghi"


def test_several_plays_of_one_process_wait_beside_each_other():
    env = zero()

    async def several():
        plays = [env.play(env.task(n), Policy(called(n), str(2 * n))) for n in range(8)]
        return await asyncio.gather(*plays)

    assert [verdict.score for verdict in asyncio.run(several())] == [1.0] * 8


def test_turns_are_limited_and_what_was_said_is_judged():
    env = VerifiersEnvironment(make=ZERO, turns=2, processes=1)
    verdict, policy = played(env, 1, called(1), called(2), "2")
    assert len(policy.heard) == 2
    assert verdict.finish is Finish.TURNS and verdict.parts["cut"] == 1


def test_an_error_of_the_rollout_is_a_fault():
    with pytest.raises(Fault, match="the sandbox is gone"):
        played(zero(fails=1), 1, "2")


def test_an_environment_that_rewrites_the_past_is_refused():
    with pytest.raises(UsageError, match="rewrites the past"):
        played(zero(rewrites=1), 1, called(1), called(1), "2")


def test_the_front_door_tells_the_dialects():
    assert foreign(OLD) == VerifiersEnvironment(make=ZERO)
    assert foreign(NEW) == VerifiersTaskset(make=f"{NEW}:")
    assert foreign(f"{NEW}:Endless") == VerifiersTaskset(make=f"{NEW}:Endless")
