"""The text of `--reward`: names, files, modules, lists of several."""

import asyncio
import logging
from dataclasses import replace

import pytest
from recorded import recorded

from whet import rewards
from whet.rewards.adapters.batch_script import BatchScript
from whet.rewards.adapters.script import Script
from whet.rewards.judging import context_of, verdicts
from whet.rewards.shaping.weighted_sum import WeightedSum
from whet.rewards.verifiable.format import Format
from whet.rewards.verifiable.math import Math
from whet.types import Group, Reason, Task, UsageError

WELL = "<think>so</think><answer>42</answer>"


@pytest.fixture
def file(tmp_path):
    def write(text, name="judge.py"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def scores(judge, *replies, step=0):
    task = Task(id="t", prompt="6*7=?", answer="42")
    group = Group.of([recorded(task=task, seed=i, turns=("", r)) for i, r in enumerate(replies)])
    return asyncio.run(verdicts(group, judge, context_of(step=step)))


def test_several_names_are_their_mean():
    judge = rewards.find("math,format")
    assert judge == WeightedSum(rewards=(Math(), Format()), names=("math", "format"))
    both, one, none = scores(judge, WELL, "Answer: 42", "42?")
    assert [v.score for v in (both, one, none)] == [1.0, 0.5, 0.0]
    assert [v.correct for v in (both, one, none)] == [True, True, False]
    assert both.parts == {"math": 1.0, "format": 1.0} and none.reason is Reason.NO_ANSWER


def test_weights_are_those_given_and_can_be_set_afterwards():
    judge = rewards.find("math=0.8, format=0.2")
    assert judge.weights == (0.8, 0.2)
    assert [v.score for v in scores(judge, WELL, "Answer: 42")] == [pytest.approx(1.0), 0.8]
    other = replace(rewards.find("math,format"), weights=(2.0, 1.0))
    assert [v.score for v in scores(other, WELL, "Answer: 42")] == [3.0, 2.0]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("math=0.8,format", "give each one a weight"),
        ("math=much,format", "'much'"),
        ("math,formal", "'formal'.*did you mean 'format'"),
        ("math,", "''"),
    ],
)
def test_a_list_that_is_wrong_is_refused_in_one_line(text, field):
    with pytest.raises(UsageError, match=field) as caught:
        rewards.find(text)
    assert "\n" not in str(caught.value)


def test_a_weight_too_many_is_refused():
    with pytest.raises(UsageError, match=r"weighted_sum\.weights .* 2 rewards \(math, format\)"):
        replace(rewards.find("math,format"), weights=(1.0, 1.0, 1.0))


def test_files_and_names_may_be_mixed(file):
    judge = rewards.find(f"math=1,{file('def short(reply): return len(reply) < 12')}:short=0.5")
    assert [v.score for v in scores(judge, "Answer: 42", f"{'so ' * 9} Answer: 42")] == [1.5, 1.0]
    assert judge.labels == ("math", "short")


def test_the_only_function_of_a_file_needs_no_usual_name(file):
    source = "def digits(text): return text\ndef accuracy_reward(completions, solution):\n"
    source += "    return [float(c == s) for c, s in zip(completions, solution)]\n"
    judge = rewards.find(file(source))
    assert isinstance(judge, BatchScript) and judge.function == "accuracy_reward"
    assert [v.score for v in scores(judge, "42", "41")] == [1.0, 0.0]


def test_of_several_functions_one_has_to_be_named(file):
    path = file("def right(reply, answer): ...\ndef brief(reply): ...\n")
    with pytest.raises(
        UsageError, match="right, brief; write .*:right, or a list such as .*:brief"
    ):
        rewards.find(path)


def test_a_list_of_functions_is_their_sum_as_in_trl(file):
    source = "def right(completions, answer):\n"
    source += "    return [float(c == a) for c, a in zip(completions, answer)]\n"
    source += "def brief(completions, **columns): return [float(len(c) < 3) for c in completions]\n"
    judge = rewards.find(file(f"{source}reward_funcs = [right, brief]\n"))
    assert [v.score for v in scores(judge, "42", "41", "no answer")] == [2.0, 1.0, 0.0]
    assert judge.labels == ("right", "brief")
    weighed = rewards.find(file(f"{source}reward_funcs = [right, brief]\nreward_weights = [1, .5]"))
    assert [v.score for v in scores(weighed, "42", "41", "no answer")] == [1.5, 0.5, 0.0]
    with pytest.raises(UsageError, match="reward_funcs of .* is not a list"):
        rewards.find(file("reward_funcs = make()"))


PART = """from dataclasses import dataclass
from whet.protocols import Reward
from whet.types import Verdict

@dataclass(frozen=True, slots=True, kw_only=True)
class Polite(Reward):
    word: str = "please"
    def score(self, rollout):
        return Verdict.binary(correct=self.word in rollout.reply)

thankful = Polite(word="thanks")
"""


def test_a_reward_of_whets_own_kind_works_from_a_file(file):
    path = file(PART, "polite.py")
    for text in (path, f"{path}:Polite"):
        assert [v.score for v in scores(rewards.find(text), "please", "no")] == [1.0, 0.0]
    assert [v.score for v in scores(rewards.find(f"{path}:thankful"), "thanks", "no")] == [1.0, 0.0]
    other = file(PART, "other.py")  # its class is the only reward that the file has
    assert type(rewards.find(other)).__name__ == "Polite"


def test_a_reward_of_whets_own_kind_works_from_a_package(tmp_path, monkeypatch):
    package = tmp_path / "manners_of_ours"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "words.py").write_text(PART)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    judge = rewards.find("manners_of_ours.words:thankful")
    assert [v.score for v in scores(judge, "thanks", "no")] == [1.0, 0.0]


def test_a_wrapper_of_whets_own_may_be_assigned(file):
    source = "from whet.rewards.shaping.overlong import Overlong\n"
    source += "from whet.rewards.verifiable.math import Math\n"
    source += "ours = Overlong(longest=8, cushion=4, inner=Math())\n"
    judge = rewards.find(f"{file(source)}:ours")
    assert type(judge).__name__ == "Overlong" and judge.inner == Math()


def test_a_class_with_settings_of_no_default_says_what_to_do(file):
    path = file(PART.replace(': str = "please"', ": str"), "strict.py")
    with pytest.raises(UsageError, match=r"strict\.py:Polite' needs word; assign an object"):
        rewards.find(f"{path}:Polite")


@pytest.mark.parametrize(
    "source",
    [
        "score = lambda reply, answer: reply == answer",
        "from functools import partial\ndef f(reply, answer): return reply == answer\n"
        "score = partial(f)",
        "class Judge:\n    def __init__(self, n): self.n = n\n"
        "    def __call__(self, reply, answer): return reply == answer\nscore = Judge(3)",
    ],
)
def test_what_is_assigned_is_called(file, source):
    judge = rewards.find(file(source))
    assert isinstance(judge, Script)
    assert [v.score for v in scores(judge, "42", "41")] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("score = 3", "score of .* is a int"),
        ("class score:\n    def __init__(self, n): ...", "score of .* needs n"),
        ("class Judge: ...\nscore = Judge()", "score of .* is a Judge"),
        ("import no_such_module\ndef score(reply): ...", "ModuleNotFoundError.*no_such_module"),
        ("1 / 0\ndef score(reply): ...", "ZeroDivisionError"),
        ("import sys; sys.exit(3)\ndef score(reply): ...", "SystemExit"),
        ("score = dict.fromkeys", "score of .*"),
        ("x = 1", r"script\.function 'score' is not in"),
    ],
)
def test_what_cannot_be_called_is_refused_at_the_start_in_one_line(file, source, complaint):
    with pytest.raises(UsageError, match=complaint) as caught:
        rewards.find(file(source))
    assert "\n" not in str(caught.value)


def test_a_script_that_a_recipe_builds_is_checked_before_the_run(file):
    judge = Script(path=file("import no_such_module\ndef score(reply): ..."), workers=1)
    with pytest.raises(UsageError, match="no_such_module") as caught:
        judge.check()
    assert "\n" not in str(caught.value)
    Script(path=file("def score(reply): ..."), workers=1).check()


def test_what_a_reward_prints_is_shown_once(file, capfd, caplog):
    source = "import os, sys\ndef score(reply):\n    print('looking at', reply)\n"
    source += (
        "    print('odd', file=sys.stderr)\n    os.system('echo from a program')\n    return 1\n"
    )
    judge = rewards.find(file(source))
    with caplog.at_level(logging.WARNING):
        assert [v.score for v in scores(judge, "a", "b", "c")] == [1.0] * 3
    assert "looking at" not in "".join(capfd.readouterr())
    [record] = caplog.records
    assert "score of " in record.getMessage() and "looking at" in record.getMessage()
    assert "from a program" in record.getMessage() and "\n" not in record.getMessage()


def test_no_opinion_is_left_out_of_a_sum_and_a_fault_is_a_fault(file):
    source = "def unsure(completions): return [None if c == '41' else 1.0 for c in completions]\n"
    source += "def strict(completions): return [1 / (c != 'x') for c in completions]\n"
    path = file(source)
    judge = rewards.find(f"{path}:unsure=1,{file('def score(reply): return .25', 'b.py')}=1")
    assert [v.score for v in scores(judge, "42", "41")] == [1.25, 0.25]
    faulty = rewards.find(f"{path}:unsure,{path}:strict")
    assert all(v.fault for v in scores(faulty, "42", "x"))
