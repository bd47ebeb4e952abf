"""What a user types, and what comes back."""

import json
import random
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from pyarrow import parquet
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

from whet.cli.main import COMMANDS, main
from whet.engines.tokenizers import CharacterTokenizer
from whet.front.training import load_run
from whet.training.ledger import Ledger

RECIPE = str(Path(__file__).with_name("recipe_small.py"))

REFRESH = 'http-equiv="refresh"'


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished run, and what was said on the way."""
    folder = tmp_path_factory.mktemp("trained")
    done = whet(folder, "train", RECIPE, "--name", "one")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def whet(folder, *words):
    """In a process of its own."""
    command = [sys.executable, "-m", "whet", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def digest_of(said: str) -> str:
    return next(line for line in said.splitlines() if line.startswith("weights ")).split()[1][:-1]


def test_train_says_before_and_after_and_leaves_a_folder(trained):
    folder, said = trained
    said_so = ("before (test split, ", "after (test split, ", "greedy pass@1", "report  runs/one")
    for words in said_so:
        assert words in said
    left = {p.name for p in (folder / "runs" / "one").iterdir()}
    known = {
        "run.json",
        "metrics.jsonl",
        "metrics.seal",
        "rollouts",
        "checkpoints",
        "report.html",
        "evaluations",
    }
    known.add("saved.json")
    assert left == known


def test_a_checkpoint_of_a_run_is_evaluated_on_the_tasks_of_the_run(trained, monkeypatch, capsys):
    folder, _ = trained
    monkeypatch.chdir(folder)
    found = []
    base = "runs/one/checkpoints/step-000000"
    for model in ("runs/one", base):
        assert main(["eval", model, "--samples", "2", "--k", "1", "--problems", "3", "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    run, checkpoint = found
    assert checkpoint["model"] == base
    rows = map(json.loads, Path("runs/one/metrics.jsonl").read_text().splitlines())
    [began] = [row["digest"] for row in rows if row["kind"] == "base"]
    assert checkpoint["policy_digest"] == began
    for name in ("split", "problems", "decoding", "tasks"):
        assert checkpoint[name] == run[name]


@pytest.mark.full
def test_the_card_repeats_the_run(trained, here, capsys):
    folder, said = trained
    card = json.loads((folder / "runs" / "one" / "run.json").read_text())
    assert card["arguments"] == ["--name", "one"]
    assert card["run"]["sampling"]["size"]["rollouts"] == 4
    assert card["versions"]["torch"] == torch.__version__
    assert main(["train", card["recipe"], "--name", "two"]) == 0
    assert digest_of(capsys.readouterr().out) == digest_of(said)
    assert load_run("runs/two") == load_run(folder / "runs" / "one")


def test_a_run_killed_three_times_ends_as_if_nothing_had_happened(trained, tmp_path):
    _, said = trained
    rng = random.Random(7)
    command = [sys.executable, "-m", "whet", "train", RECIPE, "--name", "killed"]
    for attempt in range(3):
        process = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        card = tmp_path / "runs" / "killed" / "run.json"
        while not card.exists():
            time.sleep(0.05)
        ledger = Ledger(card.parent)
        rows = len(list(ledger.rows())) if attempt else 0
        while process.poll() is None and len(list(ledger.rows())) < rows + rng.randint(1, 6):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        command = [sys.executable, "-m", "whet", "resume", "runs/killed"]
    ended = whet(tmp_path, "resume", "runs/killed")
    assert digest_of(ended.stdout) == digest_of(said)


@pytest.mark.full
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_ends_the_step_and_says_how_to_go_on(tmp_path, sent):
    words = ["train", RECIPE, "--name", "long", "--steps", "500"]
    process = subprocess.Popen(
        [sys.executable, "-m", "whet", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    metrics = tmp_path / "runs" / "long" / "metrics.jsonl"
    while not metrics.exists() or '"kind": "step"' not in metrics.read_text():
        time.sleep(0.05)
    assert REFRESH in (metrics.parent / "report.html").read_text()
    process.send_signal(sent)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + sent
    assert "whet resume runs/long" in said
    assert " left " in said
    page = (metrics.parent / "report.html").read_text()
    assert "not finished" in page
    assert REFRESH not in page


def test_eval_of_a_run_is_one_json_document(trained, capsys):
    run = str(trained[0] / "runs" / "one")
    words = ["--tasks", "lists", "--samples", "16", "--k", "1,4,16", "--problems", "12", "--json"]
    assert main(["eval", run, *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["problems"] == 12
    assert set(found["pass_at"]) == {"1", "4", "16"}
    assert found["pass_at"]["1"]["value"] <= found["pass_at"]["16"]["value"]
    assert found["greedy"]["low"] <= found["greedy"]["value"] <= found["greedy"]["high"]
    assert found["reward"]["value"] == pytest.approx(found["pass_at"]["1"]["value"])
    assert found["graded"] == 0
    assert main(["eval", run, "--problems", "5", "--samples", "4", "--k", "1"]) == 0
    assert "greedy pass@1" in capsys.readouterr().out


def test_eval_with_test_time_strategies(trained, here, capsys):
    run = str(trained[0] / "runs" / "one")
    words = ["eval", run, "--problems", "3", "--samples", "4", "--max-new-tokens", "24"]
    asked = "majority, early_stop, revision(ask='#')+majority, budget_forcing(wait='1', close='')"
    words += ["--test-time", asked, "--out", "rows.jsonl"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["test_time"]
    assert [one["strategy"] for one in found] == [
        "majority",
        "early_stop",
        "revision(1, '#')+majority",
        "budget_forcing(2, '1')",
    ]
    assert [point["k"] for point in found[0]["points"]] == [1, 2, 4]
    tokens = [point["tokens"] for point in found[0]["points"]]
    assert tokens == pytest.approx([tokens[0], 2 * tokens[0], 4 * tokens[0]])
    assert found[2]["points"][0]["tokens"] > tokens[0]
    assert found[3]["points"][0]["times"] > 1
    assert set(found[0]["multiplier"]) == {"0.05", "0.10"}
    kept = Path("rows.jsonl").read_text()
    assert main(words) == 0  # all from the file
    assert Path("rows.jsonl").read_text() == kept
    said = capsys.readouterr().out
    assert "budget_forcing(2, '1'): +5 points" in said


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--test-time", "best_of_n"], "step-model"),
        (["--test-time", "beams"], "test_time"),
        (["--step-model", "nowhere"], "nowhere"),
        (["--step-mark", ""], "step_mark"),
    ],
)
def test_strategies_that_cannot_be_are_refused(trained, here, capsys, more, told):
    assert main(["eval", str(trained[0] / "runs" / "one"), *more]) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1


def test_the_last_lines_are_commands_that_run(trained, here, monkeypatch, capsys):
    folder, said = trained
    monkeypatch.chdir(folder)
    report, measure, examine = said.splitlines()[-3:]
    assert Path(report.split()[1]).read_text().startswith("<!doctype html>")
    assert main([*shlex.split(measure.partition("-m whet")[2]), "--problems", "3"]) == 0
    capsys.readouterr()
    assert main(shlex.split(examine.partition("-m whet")[2])) == 1  # a run of a second
    assert "learned nothing" in capsys.readouterr().out
    assert measure.startswith(f"measure {sys.executable} -m whet eval runs/one")


def test_eval_with_a_graded_reward_shows_the_reward_first(trained, here, capsys):
    """Never full marks: pass@k is 0 and says nothing, the reward does."""
    Path("judge.py").write_text("def score(reply, answer):\n    return 0.9 * len(reply) / 100\n")
    run = str(trained[0] / "runs" / "one")
    words = [run, "--reward", str(here / "judge.py"), "--problems", "6", "--samples", "4"]
    assert main(["eval", *words, "--k", "1,4"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("  reward ")
    assert "rewards are graded" in "".join(said)
    assert main(["eval", *words, "--k", "1,4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["pass_at"]["4"] == {
        "value": 0.0,
        "low": 0.0,
        "high": pytest.approx(0.39, abs=0.01),
        "problems": 6,
        "of": 6,
        "least": 0.0,
        "most": 0.0,
        "why": "",
    }
    assert 0 < found["reward"]["low"] <= found["reward"]["value"] <= found["reward"]["high"] < 0.9
    assert found["graded"] == 1
    assert found["reward_std"] > 0


def qwen_folder(path):
    """A random model that knows digits and two signs."""
    tokenizer = CharacterTokenizer(alphabet="0123456789+=").build()
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        max_position_embeddings=64,
        eos_token_id=tokenizer.eos_token_id,
    )
    torch.manual_seed(0)
    Qwen3ForCausalLM(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return tokenizer


def sums_file(path):
    """Sums of two digits, in TRL's columns."""
    rows = [{"prompt": f"{a}+{b}=", "answer": str(a + b)} for a in range(9) for b in range(9)]
    Path(path).write_text("\n".join(map(json.dumps, rows)))


@pytest.mark.full
def test_a_plain_transformers_folder_learns_from_a_users_files_and_loads_again(here):
    tokenizer = qwen_folder("model")
    sums_file("sums.jsonl")
    Path("judge.py").write_text(
        "def score(reply, answer):\n"
        "    return {'score': len(set(reply)) / 8, 'correct': reply == answer}\n"
    )
    words = ["--model", "model", "--data", "sums.jsonl", "--reward", "judge.py", "--name", "mine"]
    words += ["--steps", "3", "--sampling.decoding.max_new_tokens", "8", "--optimizer.lr", "1e-3"]
    words += [
        "--evaluation.problems",
        "4",
        "--evaluation.samples",
        "2",
        "--evaluation.k",
        "1",
        "--periodic.every",
        "0",
    ]
    words += ["--engine.threads", "1"]
    assert main(["train", "rlvr", *words]) == 0
    end = Path("runs/mine/checkpoints/step-000003")
    model = AutoModelForCausalLM.from_pretrained(end)
    first = AutoModelForCausalLM.from_pretrained("model")
    assert AutoTokenizer.from_pretrained(end).encode("3+4=") == tokenizer.encode("3+4=")
    changed = [
        name
        for name, weight in model.state_dict().items()
        if not torch.equal(weight, first.state_dict()[name])
    ]
    assert len(changed) == len(model.state_dict())


def test_the_dapo_recipe_replaces_groups_that_agree(here, capsys):
    qwen_folder("model")
    sums_file("sums.jsonl")
    Path("judge.py").write_text("def score(reply, answer):\n    return float(len(reply) % 2)\n")
    words = ["--model", "model", "--data", "sums.jsonl", "--reward", "judge.py"]
    words += ["--longest", "8", "--sampling.prompts.per-step", "4", "--sampling.size.rollouts", "2"]
    assert main(["plan", "dapo", *words]) == 0
    said = capsys.readouterr().out
    assert "in up to 10 more rounds, at most 66 groups and 132 rollouts a step" in said
    assert "checks: weights hashed twice a step" in said
    words += [
        "--name",
        "refilled",
        "--steps",
        "2",
        "--periodic.every",
        "0",
        "--engine.threads",
        "1",
    ]
    words += ["--evaluation.problems", "2", "--evaluation.samples", "2", "--evaluation.k", "1"]
    words += ["--sampling.gate.oversample", "1"]
    assert main(["train", "dapo", *words]) == 0
    ledger = Path("runs/refilled/metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in ledger]
    steps = [row["metrics"] for row in rows if row["kind"] == "step"]
    assert [step["missing"]["value"] for step in steps] == [0, 0]
    for number, step in enumerate(steps, 1):
        played = parquet.read_table(f"runs/refilled/rollouts/step-{number:06}.parquet").to_pylist()
        assert step["admitted"]["of"] == len(played) / 2
        admitted = round(step["admitted"]["value"] * step["admitted"]["of"])
        assert admitted == 4 + step["dropped"]["value"]
        learned = {row["group"] for row in played if row["advantage"]}
        assert len(learned) == 4
    assert sum(step["replaced"]["value"] for step in steps) > 0


@pytest.mark.parametrize(
    ("recipe", "length"), [("rlvr", "--sampling.decoding.max_new_tokens"), ("dapo", "--longest")]
)
def test_by_default_evaluation_is_a_small_part_of_a_run(here, capsys, recipe, length):
    qwen_folder("model")
    sums_file("sums.jsonl")
    words = ["--model", "model", "--data", "sums.jsonl", "--reward", "math", length, "8"]
    assert main(["plan", recipe, *words]) == 0
    said = capsys.readouterr().out
    asked = re.search(r"evaluation: ([\d,]+) rollouts", said)
    learned = re.search(r"rollouts: ([\d,]+) in all", said)
    assert asked and learned
    assert int(asked[1].replace(",", "")) <= 0.15 * int(learned[1].replace(",", ""))
    assert "note: evaluation" not in said


def test_list_and_show_speak_json_and_nothing_else(here, capsys):
    assert main(["list", "algorithms", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["algorithms"]["parts"]
    assert {"grpo", "dapo", "rloo"} <= {entry["name"] for entry in listed}
    assert all(entry["summary"] for entry in listed)
    assert main(["show", "gspo", "--json"]) == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["defaults"] == {"low": "0.0003", "high": "0.0004"}
    assert any("SequenceRatio" in line for line in shown["equation"])


@pytest.mark.parametrize("name", ["grpo", "math", "lock", "uniform", "single_turn", "quickstart"])
def test_show_has_a_page_for_every_kind(here, capsys, name):
    assert main(["show", name]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{name}  (")
    assert len(said.splitlines()) > 3


def test_list_shows_every_kind(here, capsys):
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    for kind in ("algorithms", "rewards", "sampling", "corpora", "environments", "recipes"):
        assert kind in said


def test_plan_prints_the_equation_and_the_arithmetic(here, capsys):
    assert main(["plan", RECIPE]) == 0
    said = capsys.readouterr().out
    for words in ("J(θ) =", "Clipped(low=0.2, high=0.28)", "16 rollouts", "parameters"):
        assert words in said
    assert not Path("runs").exists()


def test_plan_has_no_doubt_about_truncated_sampling(here, capsys):
    """The embedded engine records the kept tokens, and the learner's policy is over them."""
    assert main(["plan", RECIPE, "--sampling.decoding.top-p", "0.9"]) == 0
    assert "off-policy" not in capsys.readouterr().out


def test_doctor_examines_the_machine_and_a_run(trained, here, capsys):
    assert main(["doctor"]) == 0
    assert "matmul" in capsys.readouterr().out
    main(["doctor", str(trained[0] / "runs" / "one")])
    assert "6 steps, finished" in capsys.readouterr().out


def test_report_can_be_written_again(trained, here, capsys):
    page = trained[0] / "runs" / "one" / "report.html"
    before = page.read_text()
    page.unlink()
    assert main(["report", str(page.parent)]) == 0
    assert capsys.readouterr().out.strip() == str(page)
    assert page.read_text() == before


def test_help_names_every_command(capsys):
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(command in said for command in COMMANDS)


def test_who_has_heard_enough_is_told_no_more():
    """`whet list | head -1`: no traceback, whatever the reader does."""
    words = f"{sys.executable} -m whet list algorithms | head -1"
    done = subprocess.run(words, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout
    assert not done.stderr


@pytest.mark.full
def test_a_finished_run_goes_on_with_more_steps_and_says_so_on_its_card(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["train", RECIPE, "--name", "more", "--steps", "1"]) == 0
    assert main(["resume", "runs/more", "--steps", "2", "--limits.faults", "0.5"]) == 0
    held = json.loads(Path("runs/more/run.json").read_text())
    assert {(c["field"], c["was"], c["is"]) for c in held["changes"]} == {
        ("steps", 1, 2),
        ("limits.faults", 0.1, 0.5),
    }
    assert main(["resume", "runs/more", "--lr", "1"]) == 2
    assert "optimizer.lr" in capsys.readouterr().err
    assert main(["resume", "runs/more", "--steps", "1"]) == 2
    assert "steps" in capsys.readouterr().err


def test_an_option_that_is_given_twice_is_refused(capsys):
    assert main(["eval", "runs/no", "--max-new-tokens", "4", "--max-new-tokens=8"]) == 2
    assert "--max-new-tokens is given twice" in capsys.readouterr().err
