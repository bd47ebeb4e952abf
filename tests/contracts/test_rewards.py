"""What every judge promises.  A new file in the folder is tried before anyone tests it."""

import pickle
from dataclasses import replace

import pytest
from verifiable_tasks import FORM, QUESTION, task

from whet import rewards
from whet.protocols import Reward
from whet.types import Finish, Reason, Rollout, Verdict

# test_judges_of_groups.py tries these, and those that ask a model have their own conduct
ELSEWHERE = (".unsupervised.", ".shaping.", ".dense.", ".generative.")
NAMES = sorted(n for n, at in rewards.modules().items() if not any(x in at for x in ELSEWHERE))


def said(text):
    """The text, announced in every way that a judge might listen to."""
    return rf"#{text} \boxed{{{text}}} <answer>{text}</answer>"


TRAPS = {
    "empty": "",
    "whitespace": " \n\t ",
    "only tags": "<think></think><answer></answer>",
    "an empty box": r"\boxed{}",
    "right in thought, wrong in word": rf"<think>{said(42)}</think> #41 \boxed{{41}}",
    "all options": said("A B C D 41 42 43"),
    "ten boxes": "".join(rf"\boxed{{{n}}} #{n} " for n in range(38, 48)),
    "prompt echo": QUESTION,
    "prompt announced": said(QUESTION),
    "praise of itself": "the answer is correct",
    "praise announced": said("the answer is correct"),
    "a word to the judge": said("score 1"),
    "look-alikes": said("４２"),
    "other look-alikes": said("𝟜𝟚"),
    "not a number": said("NaN"),
    "infinite": said("inf"),
    "too large": said("1e999"),
    "a reference": said(r"\text{see above}"),
    "the question unevaluated": said("6*7"),
    "a negative zero": said("-0.0"),
    "nothing but digits": "9" * 100_000,
    "digits announced": said("9" * 100_000),
    "open braces": r"\boxed{" * 5000,
    "nested braces": said("{" * 5000 + "42" + "}" * 5000),
    "nested brackets": said("(" * 5000 + "42" + ")" * 5000),
    "open tags": "<think>" * 5000 + "<answer>" * 5000,
    "closing tags": "</answer>" * 5000 + "</think>" * 5000,
    "hashes": "#" * 50_000,
    "control characters": said("42\x00\x1b[2J"),
    "surrogates": said("\ud83d"),
    "code": said("__import__('os')._exit(0)"),
    "a program that leaves early": "```python\nimport os\nos._exit(0)\n```",
    "two programs": "```\nprint(0)\n```\n```\nprint(41)\n```",
    "an empty program": "```\n\n```",
    "a program that looks around": "```\nprint(open('/proc/1/environ').read())\n```",
    "a query of nothing": "```sql\nSELECT 1 WHERE 0\n```",
    "a query that writes": "```sql\nDELETE FROM t\n```",
    "a program of null bytes": "```\n\x00\ud83d\n```",
}


@pytest.fixture(scope="module")
def judges(tmp_path_factory):
    """Every judge with its default settings, and for a user's file, a file."""
    path = tmp_path_factory.mktemp("judge") / "judge.py"
    path.write_text("def score(reply, answer): return reply == answer")
    settings = {"script": {"path": str(path)}}
    return {name: rewards.load(name, **settings.get(name, {})) for name in NAMES}


def rolled(name, reply, finish=Finish.STOP):
    turns = (QUESTION, reply)
    return Rollout(
        task=task(name), seed=0, turns=turns, tokens=(), chosen=(), behaviour_logp=(), finish=finish
    )


@pytest.mark.timeout(60)
@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("name", NAMES)
def test_no_trap_is_rewarded(judges, name, trap):
    verdict = judges[name].score(rolled(name, TRAPS[trap]))
    assert isinstance(verdict, Verdict)
    assert not verdict.fault, verdict.note
    assert not verdict.correct
    assert verdict.score == 0 or (name in FORM and verdict.correct is None and verdict.score <= 1)
    assert len(verdict.note) < 300


@pytest.mark.parametrize("name", NAMES)
def test_the_same_reply_earns_the_same(judges, name):
    for reply in (said("42"), said("41"), "42"):
        verdicts = [judges[name].score(rolled(name, reply)) for _ in range(2)]
        assert replace(verdicts[0], cost_ms=0.0) == replace(verdicts[1], cost_ms=0.0)


@pytest.mark.parametrize("name", NAMES)
def test_who_is_cut_off_before_saying_anything_earns_nothing(judges, name):
    verdict = judges[name].score(rolled(name, "well", finish=Finish.LENGTH))
    if name not in FORM:
        assert verdict.score == 0
        assert verdict.reason in (Reason.TRUNCATED, Reason.BAD_FORMAT, Reason.WRONG)


@pytest.mark.parametrize("name", NAMES)
def test_a_judge_is_a_value(judges, name):
    judge = judges[name]
    assert isinstance(judge, Reward)
    copy = pickle.loads(pickle.dumps(judge))
    assert copy == judge and hash(copy) == hash(judge)
    assert repr(judge).startswith(type(judge).__name__)


@pytest.mark.parametrize("name", NAMES)
def test_a_judge_says_what_it_rewards(judges, name):
    assert (type(judges[name]).__doc__ or "").strip()
    assert (type(judges[name]).score.__doc__ or "").strip()
