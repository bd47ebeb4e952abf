"""Parts that can't act are named before a run, and parts that never acted after it."""

from dataclasses import replace
from pathlib import Path

import pytest
from small import small

from whet.cli.main import main
from whet.policy.algorithms import load
from whet.policy.anchors import Proximal
from whet.policy.extensions.convex_kl import ConvexKL
from whet.policy.extensions.reference_reset import ReferenceReset
from whet.policy.inspection import errors, warnings
from whet.policy.regularisers import K2, K3, ConvexK3, EntropyBonus
from whet.registry import names
from whet.rewards.shaping.additive import Additive
from whet.rewards.shaping.alp import Alp
from whet.rewards.shaping.annealed import Annealed
from whet.rewards.shaping.arora_zanette import AroraZanette
from whet.rewards.shaping.combined import Combined
from whet.rewards.shaping.composition import Weighed
from whet.rewards.shaping.difficulty import Difficulty
from whet.rewards.shaping.diversity import Diversity
from whet.rewards.shaping.gated import Gated
from whet.rewards.shaping.gdpo import Gdpo
from whet.rewards.shaping.kimi_length import KimiLength
from whet.rewards.shaping.l1_exact import L1Exact
from whet.rewards.shaping.l1_max import L1Max
from whet.rewards.shaping.laser import Laser
from whet.rewards.shaping.laser_d import LaserD
from whet.rewards.shaping.laser_de import LaserDe
from whet.rewards.shaping.linear_length import LinearLength
from whet.rewards.shaping.overlong import Overlong
from whet.rewards.shaping.prioritised import Prioritised
from whet.rewards.shaping.schedules import Ramp
from whet.rewards.shaping.shorter_better import ShorterBetter
from whet.rewards.shaping.sigmoid_hybrid import SigmoidHybrid
from whet.rewards.shaping.signed import Signed
from whet.rewards.shaping.stratified import Stratified
from whet.rewards.shaping.weighted_sum import WeightedSum
from whet.rewards.unsupervised.format_length import FormatLength
from whet.rewards.verifiable.exact import Exact
from whet.rewards.verifiable.format import Format
from whet.rewards.verifiable.length_gate import LengthGate
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.training.idle_parts import idle_parts
from whet.training.idle_settings import idle_settings
from whet.types import RunSpec
from whet.types.optimizers import AdamW, ConstantDecay

HERE = RunSpec(samples=8, max_new_tokens=512, steps=100, minibatches=2)
ALONE = replace(HERE, samples=1)
EXACT = Exact()
PART = Weighed(judge=Format(), weight=0.1)

# a part that can't act, the run, a part of the kind that can (in HERE), and a field that is named
TABLE = {
    "overlong": (Overlong(), HERE, Overlong(longest=512, cushion=128), "overlong.longest"),
    "overlong just beyond": (
        Overlong(longest=640, cushion=128), HERE, Overlong(longest=639, cushion=128), "512",
    ),
    "overlong for all": (Overlong(longest=1, cushion=1), HERE, Overlong(longest=300), "longest"),
    "overlong of 0": (Overlong(longest=500, weight=0), HERE, Overlong(longest=500), "weight"),
    "alp": (Alp(beta=0), HERE, Alp(longest=512), "alp.beta"),
    "l1_exact": (L1Exact(), HERE, L1Exact(target=256), "l1_exact.target"),
    "l1_exact of 0": (L1Exact(target=9, alpha=0), HERE, L1Exact(target=512), "l1_exact.alpha"),
    "l1_max": (L1Max(target=4096), HERE, L1Max(target=1024), "l1_max.target"),
    "l1_max for none": (L1Max(target=1, delta=0), HERE, L1Max(target=256), "l1_max.target"),
    "laser": (Laser(), HERE, Laser(target=511), "laser.target"),
    "laser at the limit": (Laser(target=512), HERE, Laser(target=1), "laser.target"),
    "laser_d": (LaserD(), HERE, LaserD(targets=(1024, 512, 256)), "laser_d.targets"),
    "laser_de": (LaserDe(), HERE, LaserDe(targets=(1024, 512, 256)), "laser_de.targets"),
    "format_length": (FormatLength(), HERE, FormatLength(longest=1024), "format_length.longest"),
    "length_gate": (LengthGate(shortest=600), HERE, LengthGate(), "length_gate.shortest"),
    "kimi_length": (KimiLength(), ALONE, KimiLength(), "kimi_length"),
    "linear_length": (LinearLength(), ALONE, LinearLength(), "linear_length"),
    "shorter_better": (ShorterBetter(beta=0), HERE, ShorterBetter(), "shorter_better.beta"),
    "arora_zanette": (AroraZanette(alpha=0), HERE, AroraZanette(), "arora_zanette.alpha"),
    "diversity": (Diversity(), ALONE, Diversity(), "diversity"),
    "stratified": (
        Stratified(model=EXACT, delta=0), HERE, Stratified(model=EXACT), "stratified.delta",
    ),
    "difficulty": (Difficulty(gamma=0), HERE, Difficulty(), "difficulty.gamma"),
    "additive": (Additive(model=EXACT, weight=0), HERE, Additive(model=EXACT), "additive.weight"),
    "sigmoid_hybrid": (
        SigmoidHybrid(model=EXACT, alpha=0), HERE, SigmoidHybrid(model=EXACT), "alpha",
    ),
    "signed": (Signed(positive=0, negative=0), HERE, Signed(negative=0), "signed.positive"),
    "combined": (Combined(), HERE, Combined(parts=(PART,)), "combined"),
    "gated": (Gated(gates=()), HERE, Gated(), "gated"),
    "prioritised": (Prioritised(), HERE, Prioritised(parts=(PART,)), "prioritised"),
    "gdpo": (Gdpo(parts=(PART,)), ALONE, Gdpo(parts=(PART,)), "gdpo"),
    "a component of 0": (
        Gated(parts=(Weighed(judge=Format(), weight=0),)), HERE, Gated(parts=(PART,)), "weighed",
    ),
    "weighted_sum": (
        WeightedSum(rewards=(EXACT, Format()), weights=(1, 0)), HERE,
        WeightedSum(rewards=(EXACT, Format()), weights=(1, 0.1)), "weighted_sum.weights",
    ),
    "annealed": (Annealed(), HERE, Annealed(weight=Ramp(steps=100)), "annealed.weight"),
    "annealed of 0": (
        Annealed(weight=Ramp(start=0, end=0)), HERE,
        Annealed(weight=Ramp(start=0.1, end=0.1)), "annealed.weight",
    ),
    "k3": (K3(beta=0), HERE, K3(beta=0.1), "K3.beta"),
    "k2 to the policy before": (
        K2(beta=1, anchor=Proximal()), replace(HERE, minibatches=1),
        K2(beta=1, anchor=Proximal()), "minibatches",
    ),
    "convex k3": (ConvexK3(beta=0), HERE, ConvexK3(beta=0.1), "ConvexK3.beta"),
    "entropy": (EntropyBonus(beta=0), HERE, EntropyBonus(beta=0.1), "EntropyBonus.beta"),
    "reference_reset": (ReferenceReset(patience=100), HERE, ReferenceReset(), "patience"),
    "convex_kl": (ConvexKL(begin=99), HERE, ConvexKL(), "convex_kl.begin"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(TABLE))
def test_a_part_that_cannot_act_says_so_and_one_that_can_is_silent(name):
    idle, spec, able, field = TABLE[name]
    [said] = warnings(idle, spec)
    assert field in said and "\n" not in said
    assert warnings(able, HERE) == []


def test_no_algorithm_warns_of_its_own_defaults():
    """Two optimizer steps a batch; the sizes are those of the recipes."""
    spec = replace(HERE, samples=16, steps=200)
    said = {name: found for name in names("algorithm") if (found := warnings(load(name), spec))}
    assert said.keys() == {"gkd", "opd"}  # their teacher has to be named
    assert all("--algorithm.teacher FOLDER" in text for [text] in said.values())


def test_a_teacher_that_scored_nothing_is_said_after_a_few_steps():
    rows = [{"kind": "step", "metrics": {"teacher_share": {"value": 0.0, "of": 9}}}] * 6
    run = small(objective=load("sdpo"))
    assert any("the teacher scored no token in 6 steps" in text for text in idle_parts(rows, run))
    rows = [{"kind": "step", "metrics": {"teacher_share": {"value": 0.5, "of": 9}}}] * 6
    assert not any("teacher" in text for text in idle_parts(rows, run))


def test_a_gate_of_single_rollouts_is_refused():
    [said] = errors(NonZeroSpread(), ALONE)
    assert "sampling.size.rollouts" in said
    assert errors(NonZeroSpread(), HERE) == []


def test_a_bound_acts_on_rollouts_of_older_weights():
    once = replace(HERE, minibatches=1)
    assert any("minibatches" in text for text in warnings(load("rlep"), once))
    assert warnings(load("rlep"), replace(once, replays=True)) == []


def test_a_coefficient_that_adapts_may_begin_at_0():
    assert warnings(load("skywork_or1"), HERE) == []
    assert any("EntropyBonus.beta" in x for x in warnings(EntropyBonus(beta=0), HERE))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"optimizer": AdamW(lr=1e-3, decay=ConstantDecay(warmup=9)), "steps": 3}, "warmup"),
        ({"optimizer": AdamW(lr=0.0), "steps": 3}, "optimizer.lr"),
        ({"objective": load("rlep"), "steps": 3}, "Replay"),
        ({"steps": 2}, "periodic.every"),
    ],
)
def test_settings_that_cannot_act_are_named(changes, field):
    assert any(field in said for said in idle_settings(small(**changes)))


def test_settings_that_can_act_are_not():
    rate = AdamW(lr=1e-3, decay=ConstantDecay(warmup=3))
    assert idle_settings(small(optimizer=rate, steps=3)) == []


RECIPE = str(Path(__file__).parents[1] / "cli" / "recipe_small.py")
DECODING = "--sampling.decoding."


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--reward", "overlong"], "overlong.longest"),
        (["--reward", "format"], "<think>"),
        ([f"{DECODING}stop", "€"], "decoding.stop"),
        (["--reward.before", "="], "Exact gives 0"),
    ],
)
def test_the_plan_names_them(capsys, words, field):
    assert main(["plan", RECIPE, "--minibatches", "2", *words]) == 0
    notes = [x for x in capsys.readouterr().out.splitlines() if x.startswith("note: ")]
    assert any(field in note for note in notes), notes


def test_one_token_to_choose_from_is_refused(capsys):
    assert main(["plan", RECIPE, f"{DECODING}top_k", "1"]) == 2
    assert "sampling.decoding.top_k" in capsys.readouterr().err


def test_a_sum_over_observations_of_one_turn_says_so(capsys):
    """In the plan, and by the warnings of the objective; several turns silence it."""
    assert main(["plan", RECIPE, "--algorithm", "echo"]) == 0
    notes = [x for x in capsys.readouterr().out.splitlines() if x.startswith("note: ")]
    assert any(
        "ObservationLikelihood has no effect: the environment has one turn" in x for x in notes
    )
    alone = warnings(load("echo"), replace(HERE, several_turns=False))
    assert [x for x in alone if "one turn" in x]
    assert not warnings(load("echo"), HERE)
    assert "coefficient is 0" in warnings(load("echo", coefficient=0.0), HERE)[0]


def test_observations_that_never_came_are_found_in_the_ledger():
    run = small(objective=load("echo"))
    silent = rows(observed_nll=None, reward_std_within=0.5, varied=0.5, clipped=0.1)
    assert [x for x in idle_parts(silent, run) if "nothing was observed after a reply" in x]
    heard = rows(observed_nll=1.5, reward_std_within=0.5, varied=0.5, clipped=0.1)
    assert not [x for x in idle_parts(heard, run) if "observed" in x]
    other = replace(run, objective=load("grpo"))
    assert not [x for x in idle_parts(silent, other) if "observed" in x]


def rows(count=5, **metrics):
    held = {name: {"value": value, "of": 8} for name, value in metrics.items()}
    return [{"kind": "step", "metrics": held}] * count


def test_what_never_acted_is_found_in_the_ledger():
    run = small(objective=load("dapo"), reward=Overlong(inner=EXACT))
    run = replace(run, sampling=replace(run.sampling, gate=NonZeroSpread()))
    idle = rows(
        varied=0.0, reward_std_within=0.0, clipped=0.0, admitted=1.0, graded=0.0, shaped=0.0
    )
    found = idle_parts(idle, run)
    for name, said in zip(("rewards", "Clipped", "NonZeroSpread", "Overlong"), found, strict=True):
        assert name in said
    busy = rows(varied=0.5, clipped=0.1, admitted=0.5, graded=0.1, shaped=0.1)
    assert idle_parts([*idle, *busy], run) == []
    assert len(idle_parts(idle)) == 1  # of the rewards
    assert idle_parts(rows(4, varied=0.0), run) == []
    assert idle_parts(rows(5), run) == []


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("dppo", "WithinTV"),
        ("cpgd", "LogClipped"),  # not its penalty, which clips nothing
        ("fipo", "DualClipped"),
        ("kimi", ""),
        ("m2po", ""),
        ("cispo", ""),
    ],
)
def test_only_a_part_that_silences_tokens_is_told_that_it_silenced_none(name, named):
    run = small(objective=load(name), minibatches=2)
    found = idle_parts(rows(clipped=0.0, reward_std_within=0.5, varied=0.5), run)
    assert [x.split()[0] for x in found] == ([named] if named else [])
