"""Chats of several turns in whole runs: refused before they begin, and told on the card."""

import asyncio
import json
import string
from dataclasses import dataclass, replace

import pytest
from small import small

import whet
from whet.calls.shipped.calc import calc
from whet.calls.tools import schemas_of
from whet.cli.main import main
from whet.data.files import File
from whet.engines.models import Folder, FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.environments.agents.tool_agent import ToolAgent
from whet.evaluation.measure import EvalConfig
from whet.front.measuring import Subject, subject_of
from whet.protocols import Environment
from whet.rollouts.chat_probe import KEEPS_THINKING
from whet.rollouts.chat_settings import ChatSettings, Glue
from whet.rollouts.tool_forms import TOOLS_IN_SYSTEM
from whet.training import card
from whet.training.preflight import preflight
from whet.training.run import PeriodicEval
from whet.types import Task, UsageError, Verdict

EVALUATION = EvalConfig(problems=2, samples=1, k=(1,))
FORGETFUL = (  # drops what was thought in earlier turns
    "{% for m in messages %}{{ m.role }}:{{ m.content.split('</think>')[-1] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
ONE_TURN = (
    "{% if messages|length > 2 %}{{ raise_exception('one turn only') }}{% endif %}" + FORGETFUL
)
GLUE = Glue(closing="<end>", user="user:{content}<end>assistant:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Twice(Environment):
    """Asks, and asks again."""

    async def play(self, task, policy):
        await policy(task.prompt)
        reply = await policy("and?")
        return Verdict.binary(correct=len(reply) % 2 == 0)


def saved(here, template):
    scratch = FromScratch(
        shape="llama-tiny",
        tokenizer=CharacterTokenizer(alphabet=string.printable),
        positions=2048,
    )
    model, tokenizer = scratch.load("cpu")
    tokenizer.chat_template = template
    model.save_pretrained(here / "model")
    tokenizer.save_pretrained(here / "model")
    return str(here / "model")


def chatting(here, template, chat=None, **changes):
    """A run of two turns on a folder with this template."""
    rows = [{"prompt": [{"role": "user", "content": str(n)}], "answer": "1"} for n in range(9)]
    (here / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    own = {
        "model": Folder(path=saved(here, template), chat=chat or ChatSettings()),
        "corpus": File(path=str(here / "rows.jsonl"), reserved=0.4),
        "environment": Twice(),
        "reward": None,
        "evaluation": EVALUATION,
        "periodic": PeriodicEval(every=0),
    }
    return small(**(own | {"warmup": (), "steps": 1} | changes))


def test_a_run_whose_second_turn_is_not_told_does_not_begin(tmp_path):
    run = chatting(tmp_path, ONE_TURN)
    with pytest.raises(UsageError, match=r"one turn only.*--model\.chat\.glue\.user"):
        asyncio.run(preflight(run))
    with pytest.raises(UsageError, match="one turn only"):
        whet.train(run, tmp_path / "run", follow=type)
    assert not (tmp_path / "run").exists()
    subject = Subject(model=run.model, corpus=run.corpus, environment=run.environment)
    with pytest.raises(UsageError, match="one turn only"):
        whet.evaluate(subject, evaluation=EVALUATION)


def test_a_declared_glue_carries_a_run_whose_template_takes_one_turn(tmp_path):
    run = chatting(tmp_path, ONE_TURN, ChatSettings(glue=GLUE))
    trained = whet.train(run, tmp_path / "run", follow=type)
    assert trained.complete
    assert subject_of(str(trained.checkpoint)).model.chat == ChatSettings(glue=GLUE)
    assert card.read(tmp_path / "run")["chat"]["closing"] == ["<end>"]


def test_plan_card_and_doctor_tell_what_the_template_does(tmp_path, capsys):
    run = chatting(tmp_path, FORGETFUL)
    assert KEEPS_THINKING in asyncio.run(preflight(run))
    whet.train(run, tmp_path / "run", follow=type)
    told = card.read(tmp_path / "run")["chat"]
    assert told["notes"] == [KEEPS_THINKING]
    assert (told["closing"], told["generation_prompt"]) == (["<end>"], "assistant:")
    assert (told["end_tokens"], told["calls"]) == (["<end>"], "hermes")
    main(["doctor", str(tmp_path / "run")])
    assert f"well   {KEEPS_THINKING}" in capsys.readouterr().out
    whet.train(replace(run, steps=2), tmp_path / "run", follow=type)
    assert card.read(tmp_path / "run")["chat"] == told  # also when the run went on


def test_tools_that_whet_shows_are_noted_in_a_plan(tmp_path):
    run = chatting(tmp_path, FORGETFUL, environment=ToolAgent(tools=(calc,)))
    assert TOOLS_IN_SYSTEM in asyncio.run(preflight(run))


def test_a_run_of_plain_text_has_no_facts_of_a_chat(tmp_path):
    whet.train(small(warmup=(), steps=1, evaluation=EVALUATION), tmp_path / "run", follow=type)
    assert card.read(tmp_path / "run")["chat"] == {}


def test_settings_of_the_chat_are_flags(tmp_path, capsys):
    """A recipe in a file, planned with each setting by its dotted path."""
    chatting(tmp_path, FORGETFUL + "{{ mode }}")
    path, rows = tmp_path / "model", tmp_path / "rows.jsonl"
    recipe = tmp_path / "mine.py"
    recipe.write_text(
        "from whet.recipes.rlvr import rlvr\n\n\ndef mine():\n"
        f"    return rlvr(model={str(path)!r}, data={str(rows)!r})\n"
    )
    asked = ["plan", str(recipe), "--reward", "math", "--sampling.decoding.max_new_tokens", "8"]
    known = ["--model.chat.calls", "mistral", "--model.chat.arguments", '{"mode": "x"}']
    glue = ["--model.chat.glue.closing", "<end>", "--model.chat.glue.user", "user:{content}"]
    assert main([*asked, *known, *glue]) == 0
    capsys.readouterr()
    for wrong, told in (
        (["--model.chat.arguments", '{"mood": 1}'], "'mood'"),
        (["--model.chat.calls", "mistrl"], "mistral"),
        (["--model.chat.glue.closing", "<end>", "--model.chat.glue.user", "x"], "glue.user"),
    ):
        assert main([*asked, *wrong]) == 2
        assert told in capsys.readouterr().err


def test_tasks_with_tools_are_shown_them_where_the_template_would_drop_them(tmp_path):
    run = chatting(tmp_path, FORGETFUL)
    renderer = asyncio.run(run.engine.renderer(run.model))
    prompt = ({"role": "user", "content": "3+4?"},)
    task = Task(id="t", prompt=prompt, tools=tuple(schemas_of((calc,))))
    shown = renderer.demonstration(task, "7")
    text = renderer.tokenizer.decode(shown.token_ids.tolist())
    assert text.startswith("system:# Tools") and text.endswith("assistant:7<end>")
