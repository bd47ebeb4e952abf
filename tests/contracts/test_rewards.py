"""What every judge promises.  A new file in the folder is tried before anyone tests it."""

import pickle
from dataclasses import replace

import pytest
from recorded import recorded
from said import asked
from verifiable_tasks import FORM, QUESTION, task

from whet import rewards
from whet.evaluation.attacks import announced, attack_replies
from whet.protocols import GroupReward, Reward
from whet.registry import names
from whet.types import Finish, Reason, Verdict

# test_judges_of_groups.py tries these, and those that ask a model have their own conduct
ELSEWHERE = {"unsupervised", "shaping", "dense", "generative"}
NAMES = sorted(n for n, at in names("reward").items() if at.family not in ELSEWHERE)


TRAPS = attack_replies(QUESTION, "42") | {"the question unevaluated": announced("6*7")}


@pytest.fixture(scope="module")
def judges(tmp_path_factory):
    """Every judge with its default settings, and for a user's file, a file."""
    path = tmp_path_factory.mktemp("judge") / "judge.py"
    path.write_text("def score(reply, answer): return reply == answer")
    batch = path.with_name("batch.py")
    batch.write_text(
        "def score(completions, answer): return [c == a for c, a in zip(completions, answer)]"
    )
    settings = {"script": {"path": str(path)}, "batch_script": {"path": str(batch)}}
    return {name: rewards.load(name, **settings.get(name, {})) for name in NAMES}


def rolled(name, reply, finish=Finish.STOP):
    turns = (QUESTION, reply)
    return recorded(
        task=task(name), seed=0, turns=turns, tokens=(), chosen=(), behaviour_logp=(), finish=finish
    )


def judged(judge, rollout):
    """The verdict, whatever the scope of the judge."""
    return asked(judge, (rollout,))[0]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("name", NAMES)
def test_no_trap_is_rewarded(judges, name, trap):
    verdict = judged(judges[name], rolled(name, TRAPS[trap]))
    assert isinstance(verdict, Verdict)
    assert not verdict.fault, verdict.note
    assert not verdict.correct
    assert verdict.score == 0 or (name in FORM and verdict.correct is None and verdict.score <= 1)
    assert len(verdict.note) < 300


@pytest.mark.parametrize("name", NAMES)
def test_the_same_reply_earns_the_same(judges, name):
    for reply in (announced("42"), announced("41"), "42"):
        verdicts = [judged(judges[name], rolled(name, reply)) for _ in range(2)]
        assert replace(verdicts[0], cost_ms=0.0) == replace(verdicts[1], cost_ms=0.0)


@pytest.mark.parametrize("name", NAMES)
def test_who_is_cut_off_before_saying_anything_earns_nothing(judges, name):
    verdict = judged(judges[name], rolled(name, "well", finish=Finish.LENGTH))
    if name not in FORM:
        assert verdict.score == 0
        assert verdict.reason in (Reason.TRUNCATED, Reason.BAD_FORMAT, Reason.WRONG)


@pytest.mark.parametrize("name", NAMES)
def test_a_judge_is_a_value(judges, name):
    judge = judges[name]
    assert isinstance(judge, Reward | GroupReward)
    copy = pickle.loads(pickle.dumps(judge))
    assert copy == judge and hash(copy) == hash(judge)
    assert repr(judge).startswith(type(judge).__name__)


@pytest.mark.parametrize("name", NAMES)
def test_a_judge_says_what_it_rewards(judges, name):
    assert (type(judges[name]).__doc__ or "").strip()
