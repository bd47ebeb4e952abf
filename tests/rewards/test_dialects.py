"""Files as users of other libraries have them, and rewards that can't be imported."""

import asyncio
from pathlib import Path

import pytest
from recorded import recorded

from whet import rewards
from whet.rewards.adapters.batch_script import BatchScript
from whet.rewards.adapters.script import Script
from whet.rewards.judging import context_of, verdicts
from whet.rewards.shaping.weighted_sum import WeightedSum
from whet.types import Group, Task, UsageError

FOREIGN = Path(__file__).with_name("foreign")
REPLIES = ("it is 7", "8")
INFO = {"data_source": "sums", "task": "math", "index": 3}


@pytest.fixture
def file(tmp_path):
    def write(text, name="judge.py"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def judged(judge, step=0):
    task = Task(id="t", prompt="3+4=?", answer="7", info=INFO)
    rolled = [recorded(task=task, seed=i, turns=("3+4=?", r)) for i, r in enumerate(REPLIES)]
    return asyncio.run(verdicts(Group.of(rolled), judge, context_of(step=step)))


def test_a_module_of_trls_documentation():
    judge = rewards.find(str(FOREIGN / "trl_docs_style.py"))
    assert isinstance(judge, WeightedSum) and len(judge.rewards) == 7
    assert [v.score for v in judged(judge)] == [1 + 0.5 + 0.375 + 2, -1 + 0.5 + 0.375 + 2]
    assert [v.score for v in judged(judge, step=6)] == [4.875, 2.875]
    assert judge.labels[:3] == ("math_reward_func", "coding_reward_func", "async_reward_func")


def test_verls_batch_manager():
    judge = rewards.find(f"{FOREIGN / 'verl_batch_style.py'}:compute_score_batch")
    found = judged(judge)
    assert [v.score for v in found] == [1.0, 0.0] and [v.correct for v in found] == [True, False]
    assert found[0].parts == {"index": 3.0}


def test_verls_coroutine():
    judge = rewards.find(f"{FOREIGN / 'verl_batch_style.py'}:compute_score_async")
    assert isinstance(judge, Script) and [v.score for v in judged(judge)] == [1.0, 0.0]


RIGHT = "def {name}({parameters}):\n    return {result}\n"
EACH = "[float(c.endswith('7')) for c in {}]"


@pytest.mark.parametrize(
    ("name", "parameters", "result", "kind"),
    [
        ("accuracy", "completions, **kwargs", EACH.format("completions"), BatchScript),
        ("correctness_reward_func", "prompts, completions, answer, **kwargs",
         EACH.format("completions"), BatchScript),
        ("my_reward", "data_source, solution_str, ground_truth, extra_info=None",
         "float(solution_str.endswith('7'))", Script),
        ("my_batch", "data_sources, solution_strs, ground_truths, extra_infos",
         EACH.format("solution_strs"), BatchScript),
        ("judge_all", "queries, prompts, labels", EACH.format("queries"), BatchScript),
        ("exact", "completion, answer, **kwargs",
         "float(completion[-1]['content'].endswith('7'))", Script),
        ("traced", "trace", "float(trace.last_reply.endswith('7'))", Script),
        ("mine", "reply, answer", "reply.endswith(answer)", Script),
    ],
)  # fmt: skip
def test_the_only_function_is_taken_whatever_its_name(file, name, parameters, result, kind):
    source = RIGHT.format(name=name, parameters=parameters, result=result)
    helper = "import re\nPATTERN = re.compile('x')\ndef _clean(text):\n    return text\n"
    judge = rewards.find(file(helper + source))
    assert isinstance(judge, kind) and [v.score for v in judged(judge)] == [1.0, 0.0]


@pytest.mark.parametrize(
    "value",
    [
        "[f]", "(f,)", "[f, f]", "f", "lambda completions, **kw: f(completions)", 
        "[functools.partial(f)]",
        "[Judge()]", "[Judge().call]", "[lambda completions, **kw: f(completions)]", "[make()]",
    ],
)  # fmt: skip
def test_a_list_may_hold_whatever_is_called(file, value):
    source = f"import functools\ndef f(completions, **kw): return {EACH.format('completions')}\n"
    source += "class Judge:\n    def __call__(self, completions, **kw): return f(completions)\n"
    source += "    call = __call__\ndef make(): return f\n"
    judge = rewards.find(file(f"{source}reward_funcs = {value}\n"))
    times = 2 if value == "[f, f]" else 1
    assert [v.score for v in judged(judge)] == [times, 0.0]


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("[]", "is not a list of functions"),
        ("make()", "is not a list of functions"),
        ("[f] + [f]", "is not a list of functions"),
        ("[*others, f]", "write out functions"),
        ("['org/reward-model']", "'org/reward-model'"),
        ("[f, 3]", "has 3"),
        ("[missing]", "missing"),
        ("[f]\nreward_weights = 2.0", "reward_weights of .* is not a list of numbers"),
        ("[f]\nreward_weights = ['a']", "reward_weights of .* is not a list of numbers"),
        ("[f]\nreward_weights = [1.0] * 1", "reward_weights of .* is not a list of numbers"),
        ("[f]\nreward_weights = [1.0, 2.0]", "weights"),
    ],
)
def test_a_list_that_is_none_is_refused_in_one_line(file, value, complaint):
    source = "def f(completions, **kw): return [1.0]\nothers = [f]\ndef make(): return [f]\n"
    with pytest.raises(UsageError, match=complaint) as caught:
        rewards.find(file(f"{source}reward_funcs = {value}\n"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "import no_such_module\ndef score(reply): return 1",
        "from no_such_module import x\ndef score(reply): return 1",
        "def score(reply):\n    import no_such_module\n    return 1",
        "def score(reply):\n    from no_such_module.deep import x\n    return x(reply)",
        "def score(reply):\n    return helper(reply)\ndef helper(text):\n    import no_such_module",
        "def score(reply):\n    with open('f'):\n        import no_such_module.deep as d",
        "class J:\n    def __call__(self, reply):\n        import no_such_module\nscore = J",
        "async def score(reply):\n    import no_such_module",
        "def f(completions, **kw):\n    import no_such_module\nreward_funcs = [f]",
    ],
)
def test_what_cannot_be_imported_is_refused_at_the_start_by_name(file, source):
    path = file(source)
    with pytest.raises(UsageError, match="no_such_module") as caught:
        rewards.find(path)
    assert "\n" not in str(caught.value) and "judge.py" in str(caught.value)
    if "class" not in source and "reward_funcs" not in source:
        with pytest.raises(UsageError, match="no_such_module"):
            Script(path=path, workers=1).check()


@pytest.mark.parametrize(
    "source",
    [
        "def score(reply):\n    try:\n        import no_such_module\n    except ImportError:\n"
        "        return 1.0\n    return 0.0",
        "def score(reply):\n    if not reply:\n        import no_such_module\n    return 1.0",
        "def score(reply):\n    import json, os.path\n    from . import x\n    return 1.0",
        "def score(reply):\n    import beside_it\n    return beside_it.x",
        "def train():\n    import no_such_module\ndef score(reply): return 1.0",
        "def score(reply):\n    def later():\n        import no_such_module\n    return 1.0",
    ],
)
def test_an_import_that_may_not_be_reached_is_no_reason(file, source, tmp_path):
    (tmp_path / "beside_it.py").write_text("x = 1.0\n")
    path = file(source)
    judge = rewards.find(f"{path}:score")
    if "from ." not in source:
        assert [v.score for v in judged(judge)] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("accuracy", "correct"),
    [("0.5", False), ("1.0", True), ("True", True), ("0", False), ("2", False)],
)
def test_an_accuracy_between_is_logged_and_is_not_right(file, accuracy, correct):
    head = "def compute_score(data_source, solution_str, ground_truth, extra_info=None):\n"
    judge = rewards.find(file(f"{head}    return {{'score': 0.25, 'acc': {accuracy}}}"))
    for found in judged(judge):
        assert found.judged and found.score == 0.25 and found.correct is correct
        assert found.parts == ({} if accuracy in ("1.0", "True", "0") else {"acc": float(accuracy)})


@pytest.mark.parametrize(
    "returned",
    [
        "map(len, completions)",
        "(float(len(c)) for c in completions)",
        "tuple(map(len, completions))",
    ],
)
def test_trl_takes_whatever_it_can_go_through(file, returned):
    judge = rewards.find(file(f"def reward_func(completions, **kw):\n    return {returned}"))
    assert [v.score for v in judged(judge)] == [7.0, 1.0]


@pytest.mark.parametrize("head", ["()", "(*replies)"])
def test_a_function_that_can_see_no_reply_is_refused(file, head):
    with pytest.raises(UsageError, match="takes nothing by name"):
        rewards.find(file(f"def score{head}:\n    return 1.0"))


def test_the_odd_parameter_is_the_one_that_no_form_has(file):
    with pytest.raises(UsageError, match=r"wants 'solution'; did you mean 'solution_str'"):
        rewards.find(file("def f(data_source, solution, ground_truth):\n    return 1.0"))


def test_a_file_that_closes_its_streams_is_called(file):
    source = "import sys\nsys.stdout.close()\nsys.stderr.close()\ndef score(reply): return 1.0"
    assert [v.score for v in judged(rewards.find(file(source)))] == [1.0, 1.0]
