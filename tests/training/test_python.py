"""A run from Python: train, go on, measure, and the commands on the folder that it leaves."""

import asyncio
import json
import runpy
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from small import RUN, FirstDigit, followed, small, steps_of, timeless
from transformers import AutoModelForCausalLM

import whet
from whet.cli.main import main
from whet.cli.running import execute
from whet.engines.models import Folder
from whet.evaluation.measure import EvalConfig
from whet.front.measuring import subject_of
from whet.front.training import begin
from whet.protocols import Reward
from whet.training import card
from whet.training.ledger import Ledger
from whet.training.loop import TrainStep
from whet.types import Decoding, IntegrityError, Rollout, UsageError, Verdict
from whet.types.optimizers import AdamW

SHORT = small(warmup=(), steps=3)
EVALUATION = EvalConfig(problems=5, samples=4, k=(1, 4))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run from Python, and what it gave back."""
    return whet.train(RUN, tmp_path_factory.mktemp("python") / "one", follow=type)


@pytest.fixture(scope="module")
def digest(tmp_path_factory):
    """Of the short run, uninterrupted."""
    return followed(SHORT, tmp_path_factory.mktemp("short"))[-1].digest


def rows(folder, kind):
    return [row for row in Ledger(folder).rows() if row["kind"] == kind]


def stopping(number, after, events):
    """Follows a run, and sends its process a signal after so many steps."""

    def follow(event):
        events.append(event)
        if isinstance(event, TrainStep) and len(steps_of(events)) == after:
            signal.raise_signal(number)

    return follow


@pytest.mark.full
def test_it_gives_back_what_the_ledger_and_the_checkpoints_hold(trained, tmp_path):
    assert trained.complete
    assert trained.steps == 6
    assert trained.digest == followed(RUN, tmp_path / "fit")[-1].digest
    assert timeless(tmp_path / "fit") == timeless(trained.folder)
    (base,), (final,) = rows(trained.folder, "base"), rows(trained.folder, "final")
    for row, found in ((base, trained.base), (final, trained.final)):
        known = {k: m["value"] for k, m in row["metrics"].items() if m["value"] is not None}
        assert found == known
        assert {"greedy", "pass@1", "pass@4", "length"} <= found.keys()
    assert final["digest"] == trained.digest != base["digest"]
    assert trained.checkpoint == trained.folder / "checkpoints" / "step-000006"
    model = AutoModelForCausalLM.from_pretrained(trained.checkpoint)
    assert all(torch.isfinite(weight).all() for weight in model.state_dict().values())
    assert "<html" in trained.report.read_text(encoding="utf-8")


def test_the_same_call_again_does_nothing_and_gives_the_same_back(trained):
    events = []
    before = (trained.folder / "metrics.jsonl").read_bytes()
    assert whet.train(RUN, str(trained.folder), follow=events.append) == trained
    assert whet.resume(trained.folder, follow=events.append) == trained
    assert events == []
    assert (trained.folder / "metrics.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (small(optimizer=AdamW(lr=0.5)), "optimizer.lr: was 0.001, is 0.5"),
        (small(seed=1), "seed"),
        (small(reward=None), "reward"),
        (small(steps=5), "steps is 5"),
    ],
)
def test_another_run_in_its_folder_is_refused_by_the_field(trained, other, field):
    text = (trained.folder / card.CARD).read_text()
    with pytest.raises(UsageError, match=field):
        whet.train(other, trained.folder)
    assert (trained.folder / card.CARD).read_text() == text


def test_in_a_notebook_where_a_loop_is_running(digest, tmp_path, capsys):
    async def cell():
        return whet.train(SHORT, tmp_path / "cell")

    assert asyncio.run(cell()).digest == digest
    said = capsys.readouterr().out
    for words in ("before (test split, ", "after (test split, ", digest, "--samples 16", "doctor"):
        assert words in said


def test_an_error_in_a_notebook_comes_out_of_the_call(tmp_path):
    async def cell():
        return whet.train(replace(SHORT, model=Folder(path="nowhere")), tmp_path / "cell")

    with pytest.raises(UsageError, match=r"model\.path 'nowhere'"):
        asyncio.run(cell())


@pytest.mark.full
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGUSR1, 138),
    ],
)
def test_a_signal_saves_and_the_run_goes_on_to_the_same_weights(tmp_path, capsys, number, code):
    handler, events, folder = signal.getsignal(number), [], tmp_path / "run"
    if handler is signal.SIG_IGN:
        pytest.skip(f"signal {number} is ignored here, as under nohup, and a run keeps it so")

    def work(told, stop):
        follow = stopping(number, 2, events)
        return begin(SHORT, folder, card.card(SHORT), lambda e: (told(e), follow(e)), stop)

    assert execute(work) == code
    assert signal.getsignal(number) == handler
    assert len(steps_of(events)) == 2
    assert (folder / "report.html").is_file()
    assert f"resume {folder}" in capsys.readouterr().out
    assert main(["resume", str(folder)]) == 0
    assert [row["step"] for row in rows(folder, "step")] == [1, 2, 3]


def test_stopped_and_resumed_from_python_it_is_the_same_run(digest, tmp_path):
    stopped = whet.train(SHORT, tmp_path / "run", follow=stopping(signal.SIGTERM, 1, []))
    assert not stopped.complete
    assert stopped.steps == 1
    assert stopped.final == {}
    assert stopped.base
    assert whet.resume(tmp_path / "run", follow=type).digest == digest


def test_commands_take_a_folder_that_python_made(trained, capsys):
    folder = str(trained.folder)
    asked = ["--problems", "5", "--samples", "4", "--k", "1,4", "--json"]
    for words in (["report", folder], ["doctor", folder], ["resume", folder]):
        assert main(words) == 0
    assert trained.digest in capsys.readouterr().out
    assert main(["eval", folder, *asked]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["policy_digest"] == trained.digest
    scores = whet.evaluate(folder, evaluation=EVALUATION)
    assert found["greedy"]["value"] == scores.greedy.value == trained.final["greedy"]
    for k in ("1", "4"):
        assert found["pass_at"][k]["value"] == scores.pass_at[int(k)].value
        assert found["pass_at"][k]["low"] == scores.pass_at[int(k)].low
        assert scores.pass_at[int(k)].value == pytest.approx(trained.final[f"pass@{k}"])


def test_a_hugging_face_folder_is_measured_on_tasks_and_by_a_judge(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = [json.dumps({"prompt": f"{i}=", "answer": str(i)}) for i in range(10)]
    Path("digits.jsonl").write_text("\n".join(asked))
    Path("judge.py").write_text("def score(reply, answer):\n    return reply[:1] == answer\n")
    how = Decoding(max_new_tokens=4)
    short = EvalConfig(problems=1, samples=2, k=(1,))
    one = whet.evaluate(
        trained.checkpoint, "digits.jsonl", "judge.py", evaluation=short, decoding=how
    )
    two = whet.evaluate(
        trained.folder, "digits.jsonl", FirstDigit(), evaluation=short, decoding=how
    )
    assert one.groups[0][0].task.prompt in {f"{i}=" for i in range(10)}
    assert (one.greedy, one.pass_at, one.length) == (two.greedy, two.pass_at, two.length)


def test_a_run_is_measured_on_its_test_split_and_other_tasks_whole(trained):
    subject = subject_of(trained.folder)
    assert subject.split == "test"
    assert subject.on("lock").split == ""


def test_a_model_alone_is_asked_for_tasks(trained, tmp_path):
    alone = shutil.copytree(trained.checkpoint, tmp_path / "alone")
    with pytest.raises(UsageError, match="tasks"):
        whet.evaluate(alone)


def test_more_steps_are_taken_as_if_it_had_been_so_from_the_start(digest, tmp_path):
    folder = tmp_path / "run"
    first = whet.train(replace(SHORT, steps=1), folder, follow=type)
    longer = replace(SHORT, limits=replace(SHORT.limits, faults=0.7))
    then = whet.train(longer, folder, follow=type)
    assert (first.complete, then.complete, then.steps) == (True, True, 3)
    assert then.digest == digest != first.digest
    assert [row["step"] for row in rows(folder, "final")] == [3]
    assert [row["step"] for row in rows(folder, "former")] == [1]
    held = card.read(folder)
    assert [(c["field"], c["is"], c["step"]) for c in held["changes"]] == [
        ("limits.faults", 0.7, 1),
        ("steps", 3, 1),
    ]
    assert card.run_of(held) == whet.load_run(folder) == longer


@pytest.mark.parametrize("above", ["new", "there"])
def test_a_start_that_is_refused_leaves_nothing(tmp_path, above):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "kept.txt").write_text("mine")
    for name in (f"{above}/run", above):
        with pytest.raises(UsageError, match=r"model\.path"):
            whet.train(replace(SHORT, model=Folder(path="nowhere")), tmp_path / name)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {"there", "there/kept.txt"}


def test_a_part_of_a_notebook_is_found_there_and_the_last_lines_say_so(tmp_path, capsys):
    @dataclass(frozen=True)
    class Local(FirstDigit):
        """As in a cell: no other process can import it."""

    run, folder = replace(SHORT, reward=Local(), steps=1), tmp_path / "run"
    trained = whet.train(run, folder)
    said = capsys.readouterr().out
    assert f"whet.evaluate('{folder}')" in said
    assert "whet eval" not in said
    assert whet.train(run, folder, follow=type) == trained
    for words in (["report", str(folder)], ["doctor", str(folder)]):
        assert main(words) == 0
    assert main(["resume", str(folder)]) == 2
    assert "reward is " in capsys.readouterr().err


@dataclass(frozen=True)
class Ill(Reward):
    """Can judge nothing."""

    def score(self, rollout: Rollout) -> Verdict:
        raise RuntimeError("out of order")


def test_a_run_that_breaks_keeps_its_folder_and_has_a_report(tmp_path):
    run = replace(RUN, reward=Ill(), warmup=(replace(RUN.warmup[0], steps=1),))
    with pytest.raises(IntegrityError, match="faults"):
        whet.train(run, tmp_path / "run", follow=type)
    assert (tmp_path / "run" / "report.html").is_file()


SCRIPT = '''
from dataclasses import dataclass, replace

import whet
from small import RUN
from whet.protocols import Reward
from whet.types import Rollout, Verdict


@dataclass(frozen=True)
class Short(Reward):
    """1 for fewer than `most` letters."""

    most: int = 3

    def score(self, rollout: Rollout) -> Verdict:
        return Verdict.binary(correct=len(rollout.reply) < self.most)


'''
CALL = 'whet.train(replace(RUN, reward=Short(most=2), warmup=(), steps=1), "run", follow=type)\n'


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A place for a script, and the folder of its run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "mine.py"


def test_parts_of_a_script_are_found_again_by_its_file(script, capsys):
    script.write_text(SCRIPT + 'if __name__ == "__main__":\n    ' + CALL)
    runpy.run_path(str(script), run_name="__main__")
    reward = card.read(Path("run"))["run"]["reward"]
    assert reward == {"class": f"{script}:Short", "most": 2}
    assert main(["resume", "run"]) == 0
    assert main(["eval", "run", "--problems", "2", "--samples", "1", "--k", "1"]) == 0
    script.write_text(script.read_text().replace("most", "limit"))
    assert main(["resume", "run"]) == 2
    assert "reward is " in capsys.readouterr().err
    script.unlink()
    assert main(["resume", "run"]) == 2
    assert "reward is " in capsys.readouterr().err


def test_a_script_that_trains_when_imported_is_told_how_not_to(script, capsys):
    script.write_text(SCRIPT + CALL)
    runpy.run_path(str(script), run_name="__main__")
    assert main(["resume", "run"]) == 2
    said = capsys.readouterr().err
    assert "__main__" in said
    assert len(said.strip().splitlines()) == 1


def test_importing_whet_loads_nothing_heavy_and_names_what_it_offers():
    text = "import whet, sys; print('torch' in sys.modules, *dir(whet))"
    command = [sys.executable, "-c", text]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert said[0] == "False"
    offered = {name for name in said[1:] if not name.startswith("_")}
    assert offered == {
        *("IntegrityError", "UsageError", "Run", "Trained"),
        *("evaluate", "load_run", "resume", "train"),
    }
    assert all(getattr(whet, name) for name in offered)
    with pytest.raises(AttributeError, match="trian"):
        _ = whet.trian
