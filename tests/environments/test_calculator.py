"""Calculator: plays by hand, in plain text and in a chat, and what is right without tools."""

import asyncio
import json
from dataclasses import replace
from random import Random

import pytest
from environments.playing import Handle, Said, played, saying
from saying import conversation
from template_forms import DATE, FORMS, tokenizer
from transformers import GenerationConfig

from whet.engines.ends import end_tokens
from whet.environments.code.calculator import Calculator, table
from whet.rollouts.renderer import TextRenderer
from whet.types import Finish, Reason, Reply, ToolCall, UsageError

WORLD = Calculator(rules="")


def asked(question="k12*k7", answer=None, seed=5):
    values = table(seed)
    answer = str(values["k12"] * values["k7"]) if answer is None else answer
    task = WORLD.draw(Random(0), 3)
    info = {**task.info, "question": question, "table": seed}
    return replace(task, prompt=f"{question}?\n", answer=answer, info=info)


def test_a_play_by_hand():
    one, two = table(5)["k12"], table(5)["k7"]
    said = played(
        WORLD,
        asked(),
        saying('lookup("k12")', 'lookup("k7")', f'calc("{one}*{two}")', f"{one * two}"),
    )
    assert said.observations() == [
        "k12*k7?\n",
        f'\n{{"v": {one}}}\n',
        f'\n{{"v": {two}}}\n',
        f"\n{one * two}\n",
    ]
    assert said.verdict.correct


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_expert_makes_as_many_calls_as_the_level_says(level):
    for n in range(20):
        task = WORLD.draw(Random(n), level)
        said = played(WORLD, task, WORLD.expert(task, Random(0)))
        assert len(said.asks) == level + 1
        assert said.verdict.correct


def test_a_table_has_512_values_and_is_not_in_the_task():
    task = WORLD.draw(Random(1), 3)
    values = table(task.info["table"])
    assert len(values) == 512
    assert set(values.values()) == {*range(10, 100)}
    assert set(task.info) == {"world", "level", "turns", "question", "table"}
    assert table(1) != table(2)


def test_several_calls_in_a_reply_are_answered_together():
    one, two = table(5)["k12"], table(5)["k7"]
    said = played(WORLD, asked(), saying('[lookup("k12"), lookup("k7")]', str(one * two)))
    assert said.observations()[1] == f'\n{{"v": {one}}}\n{{"v": {two}}}\n'
    assert said.verdict.correct


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ('lookup("k512")', "error: ToolError: no table has the key 'k512'; did you mean"),
        ("lookup(12)", "error: lookup: key is of type string, and 12 came"),
        ('calc("k12")', "error: ToolError: 'k' is neither a number nor an operator"),
    ],
)
def test_a_call_that_fails_goes_on(call, told):
    said = played(WORLD, asked(), saying(call, "3"))
    assert said.observations()[1].startswith(f"\n{told}")
    assert (said.verdict.correct, said.verdict.finish) == (False, None)


def test_a_policy_that_never_answers_is_out_of_calls():
    said = played(replace(WORLD, calls=2), asked(), saying('lookup("k12")'))
    assert len(said.asks) == 4
    assert said.observations()[3] == "\nerror: no calls left; answer now\n"
    assert (said.verdict.finish, said.verdict.score) == (Finish.CALLS, 0)


@pytest.mark.parametrize(
    ("reply", "correct", "finish"),
    [
        ("42", True, None),
        ("[42]", True, None),
        ("<think>x</think> 042", True, None),
        ("-42", False, None),
        ("42 or 43", False, Finish.ILLEGAL),
        ("٤٢", False, Finish.ILLEGAL),
        ("4" * 400, False, Finish.ILLEGAL),
        ('tables("x")', False, Finish.ILLEGAL),
        ("__import__('os').system('true')", False, Finish.ILLEGAL),
    ],
)
def test_answers(reply, correct, finish):
    verdict = played(WORLD, asked(answer="42"), saying(reply)).verdict
    assert (verdict.correct, verdict.finish) == (correct, finish)


def test_without_tools_a_call_is_no_number_and_the_expert_fails():
    mute = Calculator(rules="", calls=0)
    for n in range(20):
        task = mute.draw(Random(n), 1)
        said = played(mute, task, mute.expert(task, Random(0)))
        assert (len(said.asks), said.verdict.reason) == (1, Reason.BAD_FORMAT)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_without_tools_the_commonest_answer_is_right_in_less_than_one_of_twenty(level):
    answers = [WORLD.draw(Random(n), level).answer for n in range(2000)]
    assert max(map(answers.count, answers)) <= 0.05 * len(answers)


class Chat(Handle):
    """A handle of a chat: it says calls, as a renderer reads them."""

    async def __call__(self, observation, *, tools=(), **how):
        self.said.states.append([one["function"]["name"] for one in tools])
        text = await self.bots[""](observation, ())
        call = ToolCall(name="lookup", arguments={"key": "k12"})
        self.said.asks.append(("", observation, (), text))
        return Reply(text, calls=(call,) if text == "call" else ())


def test_a_chat_shows_the_tools_and_reads_calls_from_the_reply():
    task, said = asked("k12", str(table(5)["k12"])), Said()
    chat = replace(task, prompt=({"role": "user", "content": "k12?"},))
    handle = Chat({"": saying("call", task.answer)}, said)
    assert asyncio.run(WORLD.play(chat, handle)).correct
    assert said.states == [["lookup", "calc"], []]
    assert [message["content"] for message in said.observations()[1]] == [f'{{"v": {task.answer}}}']


def test_a_recorded_play_in_plain_text_and_in_a_chat():
    held = tokenizer("bytes", "qwen3")
    renderer = TextRenderer(held, end_tokens(held, GenerationConfig()), DATE)
    closing = held.convert_tokens_to_ids(FORMS["qwen3"].closing[-1])
    plain = asked("k12", str(table(5)["k12"]))
    chat = replace(plain, prompt=({"role": "user", "content": "k12?"},))
    hermes = {"name": "lookup", "arguments": {"key": "k12"}}
    calls = (
        (plain, 'lookup("k12")'),
        (chat, f"<tool_call>\n{json.dumps(hermes)}\n</tool_call>"),
    )
    for task, call in calls:
        [rollout], generator = conversation(renderer, closing, [call, task.answer], WORLD, task)
        assert rollout.verdict.correct
        assert len(rollout.acts) == 2
        assert ("lookup" in held.decode(generator.prompts[0])) is (task is chat)
        heard = held.decode(generator.prompts[1])
        assert f'{{"v": {task.answer}}}' in heard


def test_a_negative_limit_is_refused():
    with pytest.raises(UsageError, match=r"calculator\.calls is -1; give 0 or more"):
        Calculator(calls=-1)
