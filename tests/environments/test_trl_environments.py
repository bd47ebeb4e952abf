"""TRL's environments: the row, the tools, the reward."""

import asyncio
from pathlib import Path

import pytest
from environments.foreign import trl_classes

from whet.environments.adapters.finding import foreign
from whet.environments.adapters.trl_environments import TrlEnvironment
from whet.types import Fault, Reason, Reply, Task, ToolCall, UsageError

FILE = str(Path(__file__).parent / "foreign" / "trl_classes.py")
CHAT = ({"role": "user", "content": "Count."},)


class Caller:
    """A policy that calls tools by a list of (name, arguments) for each reply."""

    seed = 0

    def __init__(self, replies):
        self.replies = iter([*replies, ()])
        self.heard = []
        self.tools = []

    async def __call__(self, observation, *, tools=(), **how):
        self.heard.append(observation)
        self.tools = self.tools or [*tools]
        calls = tuple(ToolCall(name=name, arguments=a) for name, a in next(self.replies))
        return Reply("", calls=calls)


def played(name, *replies, info=None, prompt=CHAT, **settings):
    env = TrlEnvironment(make=f"{FILE}:{name}", processes=1, **settings)
    policy = Caller(replies)
    task = Task(id="t", prompt=prompt, info={"target": 5} if info is None else info, answer="5")
    return asyncio.run(env.play(task, policy)), policy


def contents(messages):
    return [message["content"] for message in messages]


def test_the_score_is_that_of_the_object_called_by_hand():
    for target in range(20):
        moves = [("add", {"amount": 1 + (target * n) % 7}) for n in range(3)]
        own = trl_classes.Counter()
        own.reset(target)
        for _, arguments in moves:
            own.add(**arguments)
        verdict, _ = played("Counter", *[[move] for move in moves], info={"target": target})
        assert verdict.score == own.get_reward()
        assert verdict.correct is (own.get_reward() >= 1)


def test_the_text_of_reset_stands_behind_the_last_message():
    _, policy = played("Counter")
    assert policy.heard[0] == ({"role": "user", "content": "Count. Reach 5."},)
    assert played("Silent")[1].heard[0] == CHAT
    assert played("Without")[1].heard[0][0]["content"] == "Count.(1)"


def test_public_documented_methods_are_tools_by_name():
    _, policy = played("Counter")
    assert [tool["function"]["name"] for tool in policy.tools] == ["add", "look"]
    assert policy.tools[0]["function"]["parameters"]["properties"]["amount"]["type"] == "integer"


def test_results_are_shown_by_str_and_exceptions_are_told():
    calls = [("add", {"amount": 3}), ("add", {"amount": 10}), ("add", {"amount": "x"})]
    verdict, policy = played("Counter", calls)
    added, many, wrong = contents(policy.heard[1])
    assert added == "{'count': 3}"
    assert many.startswith("error:") and "at most 9" in many
    assert "amount is of type integer" in wrong
    assert verdict.score == pytest.approx(0.8)


def test_calls_of_one_reply_run_in_their_order():
    calls = [("add", {"amount": 1})] * 5
    _, policy = played("Counter", calls)
    assert contents(policy.heard[1]) == [f"{{'count': {n}}}" for n in range(1, 6)]


def test_reset_gets_the_columns_of_the_row_and_each_episode_a_new_object():
    first = contents(played("Counter", [("look", {})])[1].heard[1])[0]
    second = contents(played("Counter", [("look", {})])[1].heard[1])[0]
    assert "['answer', 'ground_truth', 'label', 'prompt', 'solution']" in first
    assert int(second.split()[-1]) == int(first.split()[-1]) + 1


def test_without_a_reward_of_its_own_the_run_s_reward_judges():
    assert played("Without")[0] is None
    assert played("Shy")[0].reason is Reason.NOT_APPLICABLE
    assert played("Silent")[0].score == 0.25


def test_the_row_chooses_among_several():
    verdict, _ = played("environment_factory", info={"target": 5, "environment": "silent"})
    assert verdict.score == 0.25
    with pytest.raises(UsageError, match="environment 'other'.*counter, silent"):
        played("environment_factory", info={"environment": "other"})


def test_calls_are_limited_and_the_reward_is_asked_all_the_same():
    verdict, policy = played("Counter", *[[("add", {"amount": 1})]] * 4, calls=2)
    assert contents(policy.heard[3]) == ["error: no calls left; answer now"]
    assert verdict.score == pytest.approx(0.7)


def test_plain_text_calls_tools_in_lines():
    class Writer(Caller):
        async def __call__(self, observation, **how):
            self.heard.append(observation)
            return Reply(next(self.replies) or "done")

    policy = Writer(["add(3)", "add(2)"])
    env = TrlEnvironment(make=f"{FILE}:Counter", processes=1)
    task = Task(id="t", prompt="Count.", info={"target": 5})
    verdict = asyncio.run(env.play(task, policy))
    assert policy.heard == ["Count. Reach 5.", "\n{'count': 3}\n", "\n{'count': 5}\n"]
    assert verdict.score == 1 and verdict.correct


def test_what_can_not_be_is_refused():
    with pytest.raises(UsageError, match="parameter what"):
        played("Unclear")
    with pytest.raises(UsageError, match="calls is 0"):
        played("Counter", calls=0)
    with pytest.raises(Fault, match="missing 1 required positional argument: 'target'"):
        played("Counter", info={})


def test_the_front_door_tells_the_dialect():
    assert foreign(FILE) == TrlEnvironment(make=f"{FILE}:environment_factory")
    assert foreign(f"{FILE}:Without") == TrlEnvironment(make=f"{FILE}:Without")
