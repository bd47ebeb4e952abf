"""Resuming: what the card knows again, what is accepted by name, earlier and best checkpoints."""

import json
import shutil
from dataclasses import dataclass, replace

import pytest
from small import RUN as LONG
from small import FirstDigit, small
from stopped_runs import NEWEST, OLDER, RUN, check_equal, newest, resumed, stopped_run

import whet
from whet.cli.main import main
from whet.engines.embedded.adapters import LoRA
from whet.engines.models import Folder
from whet.evaluation.measure import EvalConfig
from whet.policy import algorithms
from whet.policy.extensions.critic import Critic
from whet.protocols import Corpus
from whet.rewards import find
from whet.training import card
from whet.training.as_json import to_json
from whet.training.imported_files import imported_files
from whet.training.inputs import inputs, role
from whet.training.ledger import Ledger
from whet.training.resuming import check
from whet.training.run import CheckpointConfig, PeriodicEval
from whet.training.trainer import CHECKPOINTS
from whet.training.validation import validate
from whet.types import Task, UsageError
from whet.types.optimizers import AdamW, LinearDecay

JUDGE = "import helper\n\ndef score(reply, answer):\n    return helper.right(reply, answer)\n"
HELPER = "def right(reply, answer):\n    return reply[:1] == answer\n"


@dataclass(frozen=True)
class Listed(Corpus):
    """The tasks of a file of digits, one a line."""

    path: str

    def size(self, split: str) -> int:
        return len(self._digits())

    def task(self, split: str, index: int) -> Task:
        digit = self._digits()[index % self.size(split)]
        return Task(id=f"{split}-{index}", prompt=f"{digit}=", answer=digit)

    def held_out(self, split: str, count: int) -> list[Task]:
        return [self.task(split, i) for i in range(count)]

    def _digits(self) -> list[str]:
        with open(self.path, encoding="utf-8") as file:
            return file.read().split("\n")


@pytest.fixture(scope="module")
def from_files(tmp_path_factory):
    """A stopped run whose model, reward and tasks are files, and the folder of these."""
    base = tmp_path_factory.mktemp("files")
    model, tokenizer = RUN.model.load("cpu", 0)
    model.save_pretrained(base / "model")
    tokenizer.save_pretrained(base / "model")
    (base / "judge.py").write_text(JUDGE)
    (base / "helper.py").write_text(HELPER)
    (base / "digits.txt").write_text("0\n2\n4\n6")
    run = replace(
        RUN,
        model=Folder(path=str(base / "model")),
        reward=find(str(base / "judge.py")),
        corpus=Listed(path=str(base / "digits.txt")),
        steps=2,
    )
    stopped_run(base / "run", run, after=1)
    return base


def edited(base, name):
    """Change a file so that the run would be another one, or at least might be."""
    path = base / name
    was = path.read_bytes()
    path.write_bytes(was.replace(b"6", b"8") if name.endswith("txt") else was + b"\n")
    return lambda: path.write_bytes(was)


@pytest.mark.parametrize(
    ("name", "word", "field"),
    [
        ("judge.py", "reward", "reward."),
        pytest.param("helper.py", "reward", "imports helper.py", marks=pytest.mark.full),
        pytest.param("digits.txt", "data", "corpus", marks=pytest.mark.full),
        pytest.param("model/config.json", "model", "model.path", marks=pytest.mark.full),
    ],
)
def test_what_has_changed_is_refused_by_name_or_accepted_and_recorded(
    name, word, field, from_files, tmp_path, capsys
):
    folder = tmp_path / "run"
    shutil.copytree(from_files / "run", folder)
    restore = edited(from_files, name)
    try:
        code, errors, _ = resumed(folder, capsys)
        assert (code, len(errors)) == (2, 1)
        assert field in errors[0] and f"--accept {word}" in errors[0]
        assert card.read(folder)["changes"] == []
        assert resumed(folder, capsys, "--accept", "teacher")[0] == 2
        assert resumed(folder, capsys, "--accept", f"teacher,{word}")[:2] == (0, [])
        changes = card.read(folder)["changes"]
        assert changes and {role(change["field"]) for change in changes} == {word}
        assert all(c["step"] == 1 and c["was"] != c["is"] for c in changes)
    finally:
        restore()


def test_the_card_has_a_digest_of_each_input_and_none_changes_by_itself(from_files):
    held = card.read(from_files / "run")
    assert {"model", "reward", "recipe"} == held["digests"].keys()
    assert held["data"] and "model.path" in held["digests"]["model"]
    run = whet.load_run(from_files / "run")
    assert inputs(run, tasks_known=True) == held["digests"]
    assert "data" in inputs(run, tasks_known=False)


def test_a_checkpoint_of_another_run_with_the_same_weights_is_the_same_model(from_files, tmp_path):
    base = newest(from_files / "run", OLDER)
    other = tmp_path / "other"
    shutil.copytree(base, other)
    (other / "seal.json").write_text("{}")

    def digests(folder):
        found = inputs(replace(RUN, model=Folder(path=str(folder))), tasks_known=True)
        return [*found["model"].values()]

    assert digests(other) == digests(base)
    (other / "config.json").write_text((other / "config.json").read_text() + " ")
    assert digests(other) != digests(base)


@pytest.mark.parametrize(
    ("field", "word"),
    [
        ("warmup.0.teacher.path", "teacher"),
        ("objective.companions.0.reference.folder", "reference"),
        ("environment.opponent.folder", "opponent"),
        ("corpus.path", "data"),
        ("reward.inner.path", "reward"),
        ("objective.critic.folder", "objective"),
        ("opponent.folder '/home/teacher/x'", "opponent"),
    ],
)
def test_fields_have_the_words_that_accept_takes(field, word):
    assert role(field) == word


def test_a_word_that_is_nothing_of_a_run_is_refused(from_files, capsys):
    code, errors, _ = resumed(from_files / "run", capsys, "--accept=everything")
    assert code == 2
    assert len(errors) == 1 and "everything" in errors[0] and "data" in errors[0]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run to its end, with all of its checkpoints."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    whet.train(RUN, folder, follow=type)
    return folder


def test_from_an_earlier_checkpoint_it_ends_the_same_and_what_was_later_is_kept(
    whole, tmp_path, capsys
):
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    code, errors, said = resumed(folder, capsys, "--from", OLDER)
    assert (code, errors) == (0, [])
    assert f"going on from {OLDER}" in said and "aside/1" in said
    check_equal(folder, whole)
    aside = folder / "aside" / "1"
    names = sorted(path.name for path in (aside / CHECKPOINTS).iterdir())
    assert names == [NEWEST, "step-000003"]
    rows = [(row["kind"], row["step"]) for row in Ledger(aside).rows()]
    assert rows == [("step", 2), ("step", 3), ("final", 3)]
    files = sorted(path.name for path in (aside / "rollouts").iterdir())
    assert files == ["final-000003.parquet", "step-000002.parquet", "step-000003.parquet"]


@pytest.mark.full
def test_from_its_newest_checkpoint_nothing_is_set_aside(tmp_path, capsys, whole):
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    assert resumed(folder, capsys, "--from=step-000003")[:2] == (0, [])
    assert not (folder / "aside").exists()
    check_equal(folder, whole)


@pytest.mark.parametrize(("name", "words"), [("step-000009", "give one of"), ("", "needs a value")])
def test_a_checkpoint_that_is_not_there_is_refused_with_those_that_are(name, words, whole, capsys):
    asked = ["--from", name] if name else ["--from"]
    code, errors, _ = resumed(whole, capsys, *asked)
    assert code == 2
    assert len(errors) == 1 and words in errors[0]


@pytest.mark.full
def test_rows_that_are_lost_are_accepted_by_name(whole, tmp_path, capsys):
    folder = stopped_run(tmp_path / "run")
    (folder / "metrics.jsonl").unlink()
    code, errors, _ = resumed(folder, capsys)
    assert code == 2
    assert len(errors) == 1 and "--accept metrics" in errors[0]
    assert resumed(folder, capsys, "--accept", "metrics")[0] == 0
    ours, theirs = ([*Ledger(one).rows()] for one in (folder, whole))
    assert ours[-1]["digest"] == theirs[-1]["digest"]
    assert newest(folder, "step-000003").is_dir()


def test_the_best_checkpoint_is_kept_beside_the_newest(tmp_path):
    """Best is the first step with the largest value in the ledger."""
    run = replace(
        RUN,
        steps=4,
        periodic=PeriodicEval(every=1, evaluation=EvalConfig(problems=3, samples=2, k=(1,))),
        checkpoints=CheckpointConfig(seconds=1e9, keep=1, best="length"),
    )
    whet.train(run, tmp_path / "run", follow=type)
    rows = [row for row in Ledger(tmp_path / "run").rows() if row["kind"] == "periodic"]
    values = [row["metrics"]["length"]["value"] for row in rows]
    best = f"step-{1 + values.index(max(values)):06}"
    assert json.loads((tmp_path / "run" / "saved.json").read_text()) == {
        "newest": "step-000004",
        "best": best,
        "metric": "length",
        "value": max(values),
    }
    kept = {path.name for path in (tmp_path / "run" / CHECKPOINTS).glob("step-*")}
    assert kept == {"step-000000", best, "step-000004"}


def test_the_best_by_what_no_evaluation_has_is_refused():
    with pytest.raises(
        UsageError, match=r"checkpoints\.best is 'reward', but periodic\.every is 0"
    ):
        small(periodic=PeriodicEval(every=0), checkpoints=CheckpointConfig(best="reward"))
    for name in ("nothing", "pass@4", "seconds"):
        with pytest.raises(UsageError, match=rf"checkpoints\.best is '{name}'; give one of"):
            validate(replace(LONG, checkpoints=CheckpointConfig(best=name)))
    for name in ("reward", "greedy", "pass@1"):
        validate(replace(LONG, checkpoints=CheckpointConfig(best=name)))


@pytest.mark.full
def test_a_run_with_adapters_has_them_as_peft_does_in_each_checkpoint(tmp_path):
    engine = replace(RUN.engine, lora=LoRA(rank=2))
    whet.train(replace(RUN, engine=engine, steps=1), tmp_path / "run", follow=type)
    for name in ("step-000000", "step-000001"):
        names = {path.name for path in (newest(tmp_path / "run", name) / "adapter").iterdir()}
        assert {"adapter_config.json", "adapter_model.safetensors"} <= names


def test_options_of_resume_are_in_its_help(capsys):
    assert main(["resume", "--help"]) == 0
    said = capsys.readouterr().out
    assert "--accept" in said and "--from " in said


def test_a_reward_without_files_is_known_by_its_settings():
    one, other = (inputs(replace(RUN, reward=r), tasks_known=True) for r in (FirstDigit(), None))
    assert "reward" in one and "reward" not in other
    assert one["recipe"] != other["recipe"]


def test_the_helpers_of_a_file_are_what_it_imports_from_beside_it(tmp_path):
    (tmp_path / "package" / "inner").mkdir(parents=True)
    texts = {
        "main.py": "import json, one.two\ndef f():\n    from package import x\n",
        "one.py": "import main, three\nfrom . import never\n",
        "three.py": "def broken(:\n",
        "json.py": "",
        "never.py": "",
        "package/__init__.py": "",
        "package/inner/deep.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    found = [str(p.relative_to(tmp_path)) for p in imported_files(tmp_path / "main.py")]
    assert found == ["one.py", "package/__init__.py", "package/inner/deep.py", "three.py"]
    assert imported_files(tmp_path / "gone.py") == []


def test_more_steps_may_change_no_learning_rate_that_a_critic_had():
    optimizer = AdamW(lr=1e-3, decay=LinearDecay())
    objective = algorithms.load("ppo")
    critic = next(one for one in objective.companions if isinstance(one, Critic))
    run = replace(
        RUN, objective=replace(objective, companions=(replace(critic, optimizer=optimizer),))
    )
    held = {"run": to_json(run)}
    check(held, replace(run, steps=9), 0)
    check(held, replace(run, steps=9), 1)  # the first step has the whole rate in any case
    with pytest.raises(UsageError, match="steps: was 3, is 9, but a LinearDecay"):
        check(held, replace(run, steps=9), 2)
