"""What stops a run is found before it begins, by `plan` and `train` alike."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from small import RUN, followed, small, steps_of

from whet import rewards
from whet.cli.main import main
from whet.data import benchmark, corpus
from whet.data.demonstrators import FromColumn
from whet.data.files import File
from whet.data.system_prompt import SystemPrompt
from whet.engines.embedded import adapters
from whet.engines.embedded.adapters import LoRA
from whet.engines.embedded.engine import Embedded
from whet.engines.models import Folder, FromScratch
from whet.engines.tokenizers import CharacterTokenizer
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.sampling.schedules.fixed import Fixed
from whet.training.preflight import preflight, shortened
from whet.training.run import PeriodicEval
from whet.types import Decoding, UsageError

POSITIONS, REPLY = 32, 4
ROWS = [{"prompt": f"{n}=", "answer": str(n)} for n in range(20)]
LONG = {"prompt": "7" * 40 + "=", "answer": "7"}
MODEL = FromScratch(
    shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet="0123456789="), positions=POSITIONS
)
SRFT = algorithms.load("srft")
TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"


def rows(path, *more, count=20):
    path.write_text("\n".join(map(json.dumps, [*ROWS[:count], *more])))
    return str(path)


def run(here, *more, **changes):
    """A run on a file of twenty short prompts and these."""
    data = File(path=rows(here / "data.jsonl", *more), reserved=0.2)
    evaluation, watch = (
        EvalConfig(problems=9, samples=1, k=(1,)),
        EvalConfig(problems=9, samples=1, k=(1,)),
    )
    own = {
        "corpus": data,
        "model": MODEL,
        "evaluation": evaluation,
        "periodic": PeriodicEval(every=3, evaluation=watch),
    }
    return small(**(own | {"warmup": (), "steps": 2} | changes))


def longer(made, reply):
    return replace(made, sampling=replace(made.sampling, decoding=Decoding(max_new_tokens=reply)))


def held_out(here, split):
    """A run in whose held-out split alone there is a long prompt."""
    folder = here / "folder"
    folder.mkdir()
    rows(folder / "train.jsonl")
    for name in ("dev", "test"):
        rows(folder / f"{name}.jsonl", *([LONG] if name == split else []), count=0)
        if name != split:
            (folder / f"{name}.jsonl").write_text('{"prompt": "99=", "answer": "1"}')
    return run(here, corpus=File(path=str(folder)))


def script(here, text, name="judge.py"):
    (here / name).write_text(text)
    return rewards.find(str(here / name))


def judged(here, text):
    return run(here, reward=script(here, text))


def named(here, verifier):
    found = [row | {"verifier": verifier} for row in ROWS]
    return File(path=rows(here / "named.jsonl", *found, count=0))


def two(here):
    """Two long prompts of twenty-two, all to train on."""
    path = rows(here / "two.jsonl", LONG, LONG | {"prompt": "8" * 30})
    return File(path=path, reserved=0.0)


def template(here, text):
    """A run on a folder whose tokenizer has this chat template."""
    model, tokenizer = MODEL.load("cpu")
    model.save_pretrained(here / "model")
    tokenizer.chat_template = text
    tokenizer.save_pretrained(here / "model")
    return asked(here, model=Folder(path=str(here / "model")))


def asked(here, **changes):
    made = run(here, **changes)
    return replace(made, corpus=SystemPrompt(corpus=made.corpus, text="1"))


def broken(here, name, text):
    template(here, TEMPLATE)
    (here / "model" / name).write_text(text)
    return run(here, model=Folder(path=str(here / "model")))


REFUSED = {
    "a long prompt": (lambda here: run(here, LONG), r"data.jsonl:21: .* 41 tokens"),
    "how to leave it out": (lambda here: run(here, LONG), "--max-prompt-length 28"),
    "how many there are": (lambda here: run(here, corpus=two(here)), "2 of 22 prompts"),
    "a long prompt of dev": (lambda here: held_out(here, "dev"), "dev.jsonl:1: .* 41 tokens"),
    "a long prompt of test": (lambda here: held_out(here, "test"), "test.jsonl:1: .* 41 tokens"),
    "a long prompt to measure on": (
        lambda here: run(here, eval_corpus=benchmark(rows(here / "bench.jsonl", LONG))),
        "bench.jsonl:21: .* 41 tokens",
    ),
    "a long prompt in spite of the filter": (
        lambda here: run(here, LONG, max_prompt_length=41),
        "data.jsonl:21",
    ),
    "a filter that leaves nothing": (
        lambda here: run(here, max_prompt_length=1),
        "max_prompt_length is 1, .* 16 training prompts has 2 tokens",
    ),
    "a filter that leaves nothing to measure": (
        lambda here: run(
            here, max_prompt_length=9, eval_corpus=benchmark(rows(here / "b.jsonl", LONG, count=0))
        ),
        "1 test prompts has 41 tokens",
    ),
    "a filter below nought": (lambda here: run(here, max_prompt_length=-1), "max_prompt_length is"),
    "a reply as long as the model": (
        lambda here: longer(run(here), 32),
        "max_new_tokens is 32, but",
    ),
    "a reply with too little room": (lambda here: longer(run(here), 30), "a reply of 30"),
    "endless and long": (
        lambda here: run(here, corpus=corpus("lock")),
        r"lock-1-5-0/train/\d+: the prompt",
    ),
    "no template": (asked, "data.jsonl:.*: .*no chat template"),
    "a template that refuses": (
        lambda here: template(here, "{{ raise_exception('no system here') }}"),
        "data.jsonl:.*no system here",
    ),
    "a broken template": (lambda here: template(here, "{% for"), "data.jsonl:.*template"),
    "a template that fails": (lambda here: template(here, "{{ messages + 1 }}"), "template"),
    "no peft": (lambda here: run(here, engine=Embedded(device="cpu", lora=LoRA())), "needs peft"),
    "no GPU": (lambda here: run(here, engine=Embedded(device="cuda")), "device is 'cuda'"),
    "an unknown device": (lambda here: run(here, engine=Embedded(device="tpu")), "device 'tpu'"),
    "a Hub name": (lambda here: run(here, model=Folder(path="Qwen/Qwen3-0.6B")), "hf download"),
    "a broken model": (lambda here: broken(here, "config.json", "{"), "config.json"),
    "cut weights": (lambda here: broken(here, "model.safetensors", "x"), "model.safetensors"),
    "no data": (lambda here: run(here, corpus=File(path="no.jsonl")), "does not exist"),
    "a broken row": (lambda here: run(here, {"prompt": "1="}), "data.jsonl:21: no answer"),
    "too few tasks": (
        lambda here: run(here, corpus=File(path=rows(here / "a.jsonl", count=2))),
        "no train tasks",
    ),
    "a reward that misses a module": (
        lambda here: judged(here, "import nowhere_at_all\ndef score(reply): pass"),
        "can't be loaded: .*nowhere_at_all",
    ),
    "a reward that raises at once": (
        lambda here: judged(here, "def score(reply): pass\nraise OSError('no\\nfile')"),
        "can't be loaded: .*OSError: no",
    ),
    "a reward that exits": (
        lambda here: judged(here, "def score(reply): pass\nimport sys; sys.exit(1)"),
        "can't be loaded: .*SystemExit",
    ),
    "a batched reward that misses a module": (
        lambda here: judged(here, "import nowhere_at_all\ndef score(completions, **kw): pass"),
        "can't be loaded: .*nowhere_at_all",
    ),
    "a reward without a number": (
        lambda here: judged(here, "def score(reply): return 'good'"),
        "returned 'good'",
    ),
    "a reward of which every reply is a fault": (
        lambda here: judged(here, "def score(reply): return reply.nothing"),
        "judge.py:score could judge none of .* replies on trial: .*no attribute 'nothing'",
    ),
    "a batched reward with a list of another length": (
        lambda here: judged(here, "def score(completions, **kw): return [1.0]"),
        "could judge none of .* replies on trial: .*return one number for each of",
    ),
    "a sum with a reward without a number": (
        lambda here: judged(
            here,
            "def one(completions, **kw): return [1.0] * len(completions)\n"
            "def two(completions, **kw): return ['good'] * len(completions)\n"
            "reward_funcs = [one, two]",
        ),
        "judge.py:.* could judge none of .* returned 'good'",
    ),
    "tasks that name no verifier": (
        lambda here: run(here, reward=rewards.find("declared")),
        "data.jsonl:.* names no info",
    ),
    "tasks that name an unknown verifier": (
        lambda here: run(here, corpus=named(here, "mathh"), reward=rewards.find("declared")),
        "did you mean 'math'",
    ),
    "no demonstrations": (
        lambda here: run(here, demonstrator=FromColumn(column="shown"), objective=SRFT),
        "shown.* data.jsonl:.* info has answer",
    ),
    "one rollout for a comparison": (
        lambda here: run(here, sampling=replace(RUN.sampling, size=Fixed(rollouts=1))),
        "sampling.shape give 1 rollout per task",
    ),
}  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(adapters, "find_spec", lambda name: None)  # as if peft were not installed
    return tmp_path


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_work_is_refused_in_one_line(what, here, monkeypatch):
    make, told = REFUSED[what]
    with pytest.raises(UsageError, match=told) as caught:
        made = make(here)
        monkeypatch.setattr(Embedded, "open", None)  # no weights are needed for it
        monkeypatch.setattr(Embedded, "player", None)
        asyncio.run(preflight(made))
    assert "\n" not in str(caught.value)


def noted(made):
    return " | ".join(asyncio.run(preflight(made)))


def test_a_sound_run_has_no_notes(here):
    settings = {"steps": 300, "minibatches": 2, "periodic": PeriodicEval(every=150)}
    assert noted(run(here, **settings)) == ""
    assert noted(small(**settings)) == ""


def test_prompts_that_are_left_out_are_counted(here):
    said = noted(run(here, corpus=two(here), max_prompt_length=28))
    assert "leaves out 2 of 22 training prompts" in said


def test_prompts_that_are_measured_and_trained_on_are_counted(here):
    bench = benchmark(rows(here / "bench.jsonl", {"prompt": "77=", "answer": "1"}, count=3))
    data = File(path=rows(here / "data.jsonl"), reserved=0.0)
    assert "3 of 4 test prompts are among the training prompts" in noted(
        run(here, corpus=data, eval_corpus=bench)
    )


def test_a_reward_that_fails_on_the_gold_answer_is_told_and_not_refused(here):
    empty_only = "def score(reply): return reply.nothing if reply else 0.0"
    said = noted(run(here, reward=script(here, empty_only)))
    assert "could not judge the answer of data.jsonl:" in said and "nothing" in said


def test_a_reward_that_takes_too_long_is_told(here, monkeypatch):
    monkeypatch.setattr("whet.training.trial._TRIAL_S", 0.01)
    slow = script(here, "import time\ndef score(reply):\n    time.sleep(1)\n    return 1.0\n")
    slow.check()
    assert "took more than" in noted(run(here, reward=slow))


def test_a_run_learns_from_short_prompts_only_and_measures_on_the_benchmark(here):
    bench = benchmark(rows(here / "bench.jsonl", LONG | {"prompt": "5" * 20}, count=5))
    made = run(here, LONG, max_prompt_length=3, eval_corpus=bench)
    events = followed(made, here / "run")
    trained = {r.task.prompt for s in steps_of(events) for r in s.batch.rollouts}
    assert trained and max(map(len, trained)) <= 3
    cards = {e.name: e.card for e in events if hasattr(e, "card")}
    for name in ("base", "periodic", "final"):
        ids = {group.task.id for group in cards[name].groups}
        assert ids == {f"bench.jsonl:{n}" for n in range(1, 6)}


def test_without_a_filter_a_run_is_itself(here):
    made = run(here)
    assert shortened(made, asyncio.run(made.engine.renderer(made.model))) is made


@pytest.mark.parametrize("command", ["plan", "train"])
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data", "long.jsonl"], "long.jsonl:21: the prompt has 41 tokens"),
        (["--data", "long.jsonl", "--max-prompt-length", "1"], "max_prompt_length is 1"),
        (["--engine.device", "cuda"], "engine.device is 'cuda'"),
        (["--model", "Qwen/Qwen3-0.6B"], "downloads nothing"),
        (["--reward", "lost.py"], "nowhere_at_all"),
        (["--reward", "declared"], "names no info['verifier']"),
    ],
)
def test_plan_and_train_say_the_same(command, words, told, here, capsys):
    template(here, None)
    rows(Path("long.jsonl"), LONG)
    Path("lost.py").write_text("import nowhere_at_all\ndef score(reply): pass\n")
    given = {"--model": "model", "--data": "data.jsonl", "--reward": "exact"}
    given |= {"--sampling.decoding.max_new_tokens": "4"} | dict(
        zip(words[::2], words[1::2], strict=True)
    )
    assert main([command, "rlvr", *(word for pair in given.items() for word in pair)]) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1
    assert not Path("runs").exists()


def test_plan_says_how_often_it_goes_through_the_data(here, capsys):
    template(here, None)
    words = ["--model", "model", "--data", "data.jsonl", "--reward", "exact", "--steps", "9"]
    assert main(["plan", "rlvr", *words, "--sampling.decoding.max_new_tokens", "4"]) == 0
    assert "18 training tasks, 8 epochs" in capsys.readouterr().out


def test_eval_measures_every_row_of_a_file_and_says_so(here, capsys):
    template(here, TEMPLATE)
    rows(Path("bench.jsonl"))
    words = [
        "eval",
        "model",
        "--tasks",
        "bench.jsonl",
        "--reward",
        "exact",
        "--max-new-tokens",
        "2",
    ]
    words += ["--samples", "1", "--k", "1"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["problems"], found["of"], found["split"]) == (20, 20, "all")
    assert main([*words, "--split", "test"]) == 0
    assert "1 of 1 problems (split test)" in capsys.readouterr().out
    assert main([*words, "--problems", "7"]) == 0
    assert "7 of 20 problems" in capsys.readouterr().out
    assert main([*words, "--system-prompt", "12345678", "--max-prompt-length", "10"]) == 0
    assert "10 of 20 problems" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--tasks", "long.jsonl"], "long.jsonl:21: the prompt has 41 tokens"),
        (["--tasks", "long.jsonl", "--max-prompt-length", "1"], "none of 21 prompts"),
        (["--split", "tset"], "split is 'tset'"),
        (["--problems", "-1"], "problems is -1"),
        (["--system-prompt", " "], "text is empty"),
        (["--system-prompt", "1"], "data.jsonl:.*no chat template"),
        (["--tasks", "lock"], "lock-1-5-0/test"),
    ],
)
def test_eval_refuses_in_one_line(words, told, here, capsys):
    template(here, None)
    rows(Path("long.jsonl"), LONG)
    words = words if "--tasks" in words else ["--tasks", "data.jsonl", *words]
    assert main(["eval", "model", "--reward", "exact", "--max-new-tokens", "2", *words]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and re.search(told, said)
