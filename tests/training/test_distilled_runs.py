"""Whole runs with a teacher: what it reads, what it changes, how it goes on, what is refused."""

import asyncio
import json
from dataclasses import replace

import pytest
import torch
from recorded import recorded
from small import RUN, followed, small, steps_of, timeless
from transformers import AutoModelForCausalLM
from witnessed import Answers

from whet.cli.main import main
from whet.engines.embedded.adapters import LoRA
from whet.engines.models import FromScratch
from whet.engines.plain.engine import Plain
from whet.engines.tokenizers import CharacterTokenizer
from whet.policy.algorithms import load
from whet.policy.extensions.teacher_weights import (
    AveragePolicy,
    SavedModel,
    TeacherModel,
)
from whet.policy.extensions.teachers_by_domain import (
    LiveByDomain,
)
from whet.protocols import SetupContext
from whet.protocols.engine import Candidates, Reach
from whet.sampling.replay.prioritised_replay import PrioritisedReplay
from whet.sampling.schedules.uniform import Uniform
from whet.training.preflight import preflight
from whet.training.validation import validate
from whet.types import Task, UsageError

SHORT = {
    "--warmup": "none",
    "--steps": "2",
    "--sampling.prompts.per_step": "4",
    "--sampling.size.rollouts": "4",
    "--evaluation.problems": "2",
    "--evaluation.samples": "1",
    "--evaluation.k": "1",
    "--periodic.every": "0",
}


def trained(name, *words):
    """Run `whet train quickstart` for two short steps."""
    flags = [text for pair in SHORT.items() for text in pair]
    assert main(["train", "quickstart", *flags, "--name", name, *words]) == 0


def started(folder, seed=0, alphabet="0123456789=", loud=1.0):
    """A folder with a model from random weights, whose logits are so many times as large."""
    spec = FromScratch(shape="llama-tiny", tokenizer=CharacterTokenizer(alphabet=alphabet))
    model, tokenizer = spec.load("cpu", seed)
    with torch.no_grad():
        model.get_output_embeddings().weight.mul_(loud)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def quick(objective, **changes):
    settled = {
        "objective": objective,
        "warmup": (),
        "steps": 3,
        "periodic": replace(RUN.periodic, every=0),
        "demonstrator": Answers(),
    }
    return small(**settled | changes)


def told(folder, metric):
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().split("\n") if line]
    return [r["metrics"][metric]["value"] for r in rows if metric in r["metrics"]]


@pytest.mark.full
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("opd", "--algorithm.teacher TEACHER"),
        ("opd", "--algorithm.teacher 4=TEACHER,5=TEACHER --algorithm.column level"),
        ("gkd", "--algorithm.teacher TEACHER --algorithm.candidates 5"),
        ("sdft", "--algorithm.template {demonstration}|{prompt} --algorithm.candidates 5"),
        ("sdpo", "--algorithm.template {solution}{prompt}{feedback} --algorithm.solution {reply}|"),
    ],
)
def test_the_quickstart_trains_with_it(name, settings, tmp_path, monkeypatch, capsys):
    """A model that knows nothing has no right sibling, so sdpo learns nothing, and says so."""
    monkeypatch.chdir(tmp_path)
    teacher = tmp_path / "teacher"
    if "TEACHER" in settings:
        trained("t", "--seed", "5")
        teacher = tmp_path / "runs/t/checkpoints/step-000002"
    words = settings.replace("TEACHER", str(teacher)).split()
    trained("d", "--algorithm", name, *words)
    share = told(tmp_path / "runs/d", "teacher_share")
    assert share == ([0.0, 0.0] if name == "sdpo" else [1.0, 1.0])
    losses = told(tmp_path / "runs/d", "loss")
    assert losses == [None, None] if name == "sdpo" else all(loss for loss in losses)
    capsys.readouterr()


@pytest.mark.parametrize("name", ["opd", "gkd"])
def test_another_teacher_makes_another_policy(name, tmp_path):
    """And the policy comes closer to its teacher: a teacher that is not used would fail here."""
    found = []
    for seed, steps in ((1, 10), (2, 1)):
        teacher = started(tmp_path / f"teacher-{seed}", seed, loud=15.0)
        settings = {"candidates": 6} if name == "gkd" else {}
        run = quick(load(name, teacher=str(teacher), **settings), steps=steps)
        run = replace(run, sampling=replace(run.sampling, prompts=Uniform(per_step=16)))
        events = followed(run, tmp_path / f"run-{seed}")
        losses = told(tmp_path / f"run-{seed}", "teacher_kl" if name == "opd" else "loss")
        assert steps == 1 or losses[-1] < 0.8 * losses[0]
        found.append(steps_of(events)[0])
    assert found[0].updates[0].loss != found[1].updates[0].loss


@pytest.mark.parametrize("name", ["sdft", "sdpo"])
def test_the_own_context_teaches(name, tmp_path):
    templates = {"sdft": "{demonstration}{prompt}", "sdpo": "{solution}{prompt}{feedback}"}
    more = {"solution": "{reply}="} if name == "sdpo" else {}
    objective = load(name, template=templates[name], candidates=6, **more)
    run = quick(objective)
    run = replace(run, warmup=RUN.warmup)
    followed(run, tmp_path / "run")
    shares = told(tmp_path / "run", "teacher_share")
    assert shares[0] > 0 and (name == "sdft" or shares[0] < 1)
    assert all(loss for loss in told(tmp_path / "run", "loss")[-3:])


def test_a_stopped_run_with_an_average_goes_on_as_if_it_had_not_stopped(tmp_path):
    objective = load("sdft", template="{demonstration}{prompt}", weights=AveragePolicy(rate=0.3))
    run = quick(objective)
    followed(run, tmp_path / "whole")
    followed(run, tmp_path / "cut", stop_after=2)
    followed(run, tmp_path / "cut")
    assert timeless(tmp_path / "cut") == timeless(tmp_path / "whole")


def setup(tmp_path, engine=RUN.engine):
    base = started(tmp_path / "base")
    learner = asyncio.run(engine.load_learner(base))
    return SetupContext(engine=engine, learner=learner, base=base)


def test_the_average_by_hand(tmp_path):
    """θ_T ← 0.75 θ_T + 0.25 θ, twice, from θ_T = θ_0; saved and read it is the same."""
    here = setup(tmp_path)
    live = asyncio.run(AveragePolicy(rate=0.25).open(here))
    other = asyncio.run(RUN.engine.load_learner(started(tmp_path / "other", seed=3)))
    weights = [dict(asyncio.run(x.publish()).tensors) for x in (here.learner, other)]
    name = next(n for n in weights[0] if "q_proj" in n)
    first, last = (w[name].clone() for w in weights)
    asyncio.run(live.follow(other))
    asyncio.run(live.follow(other))
    wanted = 0.75**2 * first + (1 - 0.75**2) * last
    torch.testing.assert_close(live.average[name], wanted)
    held = dict(asyncio.run(live.learner.publish()).tensors)
    torch.testing.assert_close(held[name], wanted)
    asyncio.run(live.save(tmp_path / "saved"))
    again = asyncio.run(AveragePolicy(rate=0.25).open(here))
    asyncio.run(again.load(tmp_path / "saved"))
    torch.testing.assert_close(again.average, live.average, atol=0, rtol=0)


def test_a_teacher_with_another_tokenizer_is_refused_in_one_line(tmp_path):
    foreign = started(tmp_path / "foreign", alphabet="9876543210=")
    with pytest.raises(UsageError, match="another tokenizer than the policy") as refused:
        asyncio.run(SavedModel(path=str(foreign)).open(setup(tmp_path)))
    assert "\n" not in str(refused.value)


def test_an_average_of_adapters_is_refused(tmp_path):
    engine = replace(RUN.engine, lora=LoRA(rank=2))
    with pytest.raises(UsageError, match=r"engine\.lora trains adapters"):
        asyncio.run(AveragePolicy().open(setup(tmp_path, engine)))


class Constant(TeacherModel):
    """A teacher whose log-probs are one number."""

    def __init__(self, value):
        self.value = value

    async def logp(self, rollouts):
        return torch.full((sum(r.length for r in rollouts),), self.value)

    async def candidates(self, rollouts, count):
        size = sum(r.length for r in rollouts)
        ids = torch.full((size, count), int(-self.value))
        return Candidates(ids, torch.full((size, count + 1), self.value))


def played(tmp_path):
    """The rollouts of one step of a run, and the context of that step's renderer."""
    events = followed(quick(load("opd"), steps=1), tmp_path / "played")
    [step] = steps_of(events)
    return [r for group in step.sampled for r in group]


def test_each_rollout_has_the_teacher_of_its_domain(tmp_path):
    names = ["code", "math", "code", "math"]
    rollouts = [
        replace(r, task=replace(r.task, info={"area": name}))
        for r, name in zip(played(tmp_path)[:4], names, strict=True)
    ]
    live = LiveByDomain("area", {"math": Constant(-1.0), "code": Constant(-2.0)})
    wanted = [
        -2.0 if n == "code" else -1.0
        for r, n in zip(rollouts, names, strict=True)
        for _ in range(r.length)
    ]
    assert asyncio.run(live.logp(rollouts)).tolist() == wanted
    told = asyncio.run(live.candidates(rollouts, 3))
    assert told.logp[:, 0].tolist() == wanted
    assert told.ids[:, 0].tolist() == [-x for x in wanted]
    lost = replace(rollouts[0], task=Task(id="lost", prompt="", info={"area": "law"}))
    with pytest.raises(UsageError, match=r"task 'lost' has area 'law'.*math, code"):
        asyncio.run(live.logp([lost]))


def padded(folder, more, **given):
    """The same model with so many rows more, of a tokenizer that stays."""
    started(folder, **given)
    model = AutoModelForCausalLM.from_pretrained(folder)
    rows = model.config.vocab_size + more
    model.resize_token_embeddings(rows, mean_resizing=False)
    with torch.no_grad():
        model.get_output_embeddings().weight[-more:] = 3.0  # what padding rows hold is anything
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("engine", [RUN.engine, Plain()])
@pytest.mark.parametrize("name", ["opd", "gkd"])
def test_padding_of_a_teacher_is_no_part_of_its_distribution(name, engine, tmp_path):
    """A teacher with 40 rows more teaches what the one without them teaches."""
    settings = {"candidates": 11} if name == "gkd" else {}
    losses = []
    for more in (0, 40):
        teacher = tmp_path / f"teacher-{more}"
        (padded(teacher, more, seed=1) if more else started(teacher, seed=1))
        run = quick(load(name, teacher=str(teacher), **settings), steps=2, engine=engine)
        folder = tmp_path / f"run-{more}"
        followed(run, folder)
        losses.append(told(folder, "loss"))
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_a_text_beyond_the_teachers_positions_is_not_taught(tmp_path):
    """A correct sibling makes the teacher's context longer than the model reads."""
    run = quick(load("sdpo", template="7" * 3000 + "{prompt}{solution}{feedback}", candidates=3))
    followed(replace(run, warmup=RUN.warmup), tmp_path / "run")
    assert told(tmp_path / "run", "teacher_share") == [0.0, 0.0, 0.0]


def test_tokens_beyond_the_rows_of_a_teacher_are_not_taught(tmp_path):
    """The policy is padded, its teacher is not."""
    here = setup(tmp_path)
    reach = here.learner.reach
    assert reach.rows == here.learner.backbone.model.get_output_embeddings().weight.shape[0]
    rollout, beyond = (
        recorded(
            task=Task(id="t", prompt="?"),
            seed=0,
            tokens=(1, last),
            chosen=(False, True),
            behaviour_logp=(-1.0,),
        )
        for last in (reach.rows - 1, reach.rows)
    )
    assert [reach.covers(one) for one in (rollout, beyond)] == [True, False]
    assert Reach(positions=1).covers(rollout) is False
    assert Reach().covers(beyond) is True


@pytest.mark.parametrize(
    ("objective", "changes", "said"),
    [
        (lambda t: load("opd", teacher=str(t)), {}, "another tokenizer than the policy"),
        (lambda t: load("sdpo", weights=AveragePolicy()), {"lora": LoRA(rank=2)}, "engine.lora"),
        (lambda t: load("opd", teacher=f"math={t}"), {}, "domain '' in its info"),
    ],
)
def test_a_teacher_that_can_not_be_is_refused_before_any_compute(
    objective, changes, said, tmp_path
):
    teacher = started(tmp_path / "teacher", alphabet="abc")
    run = quick(objective(teacher), engine=replace(RUN.engine, **changes))
    with pytest.raises(UsageError, match=said):
        asyncio.run(preflight(run))


@pytest.mark.parametrize("name", ["a_star_po", "gkd", "sdpo", "kto", "dpo"])
def test_a_replay_with_weights_is_refused_where_they_would_be_lost(name):
    sampling = replace(RUN.sampling, replay=PrioritisedReplay())
    run = quick(load(name), sampling=sampling)
    with pytest.raises(UsageError, match="sampling.replay weighs groups"):
        validate(run)
    validate(quick(load("grpo"), sampling=sampling))
