"""Every part and every field of a run can be chosen by its path, in any order."""

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import permutations
from pathlib import Path
from typing import Any, Literal

import pytest

from whet.cli.flags import flags, merged
from whet.cli.overrides import changed, paths, tree
from whet.cli.parsing import configured
from whet.cli.values import shown, value
from whet.engines.embedded.adapters import LoRA
from whet.policy.advantages import Centred, Whitened
from whet.policy.aggregation import FixedLength
from whet.policy.algorithms.critic_free.dapo import dapo
from whet.policy.anchors import Proximal
from whet.policy.clipping import Clipped, DualClipped
from whet.policy.corrections import Masked, Truncated
from whet.policy.extensions.entropy_target import EntropyTarget
from whet.policy.extensions.reference_reset import ReferenceReset
from whet.policy.regularisers import K2, K3
from whet.recipes.quickstart import quickstart
from whet.rewards.shaping.overlong import Overlong
from whet.rewards.shaping.weighted_sum import WeightedSum
from whet.rewards.verifiable.exact import Exact
from whet.rewards.verifiable.math import Math
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.types import UsageError
from whet.types.optimizers import ConstantDecay, CosineDecay

RECIPE = str(Path(__file__).with_name("recipe_small.py"))
RUN = quickstart(algorithm="grpo")

MINE = '''
"""Parts of a user's own."""

from dataclasses import dataclass

from whet.protocols import Gate, Sampling
from whet.sampling.standard import Standard
from whet.types import Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Picky(Gate):
    """It needs a number."""

    least: int
    most: int = 9

    def __call__(self, group: Group) -> bool:
        return True


def halved(*, rollouts: int = 2) -> Sampling:
    """A function that makes a strategy."""
    from whet.sampling.schedules.fixed import Fixed

    return Standard(size=Fixed(rollouts=rollouts))


class NoGate:
    """Of no kind."""
'''

ALGORITHM = '''
"""Mine."""

from whet.policy.algorithms.critic_free.dapo import dapo
from whet.policy.objective import Objective


def mine(*, high: float = 0.5, scale: int = 1) -> Objective:
    """DAPO with a higher clip."""
    return dapo(high=high * scale)
'''


class Colour(StrEnum):
    """Of a thing."""

    RED = "rot"
    BLUE = "blau"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A part with fields of all types, and one that it makes itself."""

    whole: int = 1
    number: float = 1.0
    fact: bool = False
    text: str = ""
    word: Literal["a", "b"] = "a"
    colour: Colour = Colour.RED
    maybe: int | None = None
    pair: tuple[int, float] = (1, 2.0)
    many: tuple[int, ...] = (1, 2)
    texts: tuple[str, ...] = ()
    twice: int = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "twice", 2 * self.whole)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A directory with parts of a user's own."""
    monkeypatch.chdir(tmp_path)
    Path("mine_parts.py").write_text(MINE)
    Path("mine.py").write_text(ALGORITHM)
    return tmp_path


def over(words: str, held: Any = RUN) -> Any:
    return changed(held, tree(flags(words.split())).inner)


@pytest.mark.parametrize(
    ("text", "hint", "found"),
    [
        ("12", int, 12),
        ("-3", int, -3),
        ("1e6", int, 1_000_000),
        ("1e-6", float, 1e-6),
        ("-0.5", float, -0.5),
        ("inf", float, float("inf")),
        ("true", bool, True),
        ("No", bool, False),
        (" a b ", str, " a b "),
        ("b", Literal["a", "b"], "b"),
        ("2", Literal[1, 2], 2),
        ("blau", Colour, Colour.BLUE),
        ("red", Colour, Colour.RED),
        ("none", int | None, None),
        ("3", int | None, 3),
        ("3", int | str, 3),
        ("x", int | str, "x"),
        ("1,4,16", tuple[int, ...], (1, 4, 16)),
        ("7", tuple[int, ...], (7,)),
        ("none", tuple[int, ...], ()),
        ("", tuple[str, ...], ()),
        ("1, 2.5", tuple[int, float], (1, 2.5)),
        ("a,b", tuple[str, ...], ("a", "b")),
        ('["a,b", "c"]', tuple[str, ...], ("a,b", "c")),
        ("[[1, 2], [3]]", tuple[tuple[int, ...], ...], ((1, 2), (3,))),
        ("a,b", frozenset[str], frozenset({"a", "b"})),
        ('{"a": 1}', dict[str, int], {"a": 1}),
        ("x/y", Path, Path("x/y")),
    ],
)
def test_a_text_becomes_a_value_of_the_declared_type(text, hint, found):
    read = value(text, hint, "field")
    assert read == found
    assert type(read) is type(found)


@pytest.mark.parametrize(
    ("text", "hint", "accepted"),
    [
        ("many", int, "a whole number"),
        ("1.5", int, "a whole number"),
        ("nan", float, "a number"),
        ("maybe", bool, "true or false"),
        ("c", Literal["a", "b"], "one of a, b"),
        ("x", Colour, "one of rot, blau"),
        ("x", int | None, "a whole number or none"),
        ("1", tuple[int, float], "2 values"),
        ("1,x", tuple[int, ...], "a list with commas, each a whole number"),
        ("[1, 2", tuple[int, ...], "a list"),
        ("[1]", dict[str, int], "a JSON object"),
    ],
)
def test_a_wrong_value_names_the_field_the_value_and_what_is_accepted(text, hint, accepted):
    with pytest.raises(UsageError) as refused:
        value(text, hint, "some.field")
    said = str(refused.value)
    assert said.startswith(f"some.field is {text!r}; give ")
    assert accepted in said


@pytest.mark.parametrize("held", [None, True, 3, 1e-6, "a", (1, 2), (), ("a,b", "c"), Colour.BLUE])
def test_what_is_shown_can_be_typed(held):
    hint = (
        {tuple: tuple[int, ...] if held and held[0] == 1 else tuple[str, ...]}
        if isinstance(held, tuple)
        else {}
    )
    assert value(shown(held), hint.get(type(held), type(held)), "field") == held


def test_every_type_of_field_is_set_by_its_path():
    found = over(
        "--whole 3 --number=-1e-3 --fact --text=x --word b --colour blau --maybe 2 "
        "--pair 1,2 --many.1 5 --texts a,b",
        Held(),
    )
    assert found == Held(
        whole=3,
        number=-1e-3,
        fact=True,
        text="x",
        word="b",
        colour=Colour.BLUE,
        maybe=2,
        pair=(1, 2.0),
        many=(1, 5),
        texts=("a", "b"),
    )
    assert found.twice == 6
    with pytest.raises(UsageError, match="twice"):
        over("--twice 3", Held())


@pytest.mark.parametrize(
    ("words", "at", "found"),
    [
        ("--steps 3", "steps", 3),
        ("--sampling.size.rollouts=4", "sampling.size.rollouts", 4),
        ("--sampling.prompts.per-step 8", "sampling.prompts.per_step", 8),
        ("--engine.lora.rank 8", "engine.lora", LoRA(rank=8)),
        ("--engine.lora lora", "engine.lora", LoRA()),
        ("--engine.lora", "engine.lora", LoRA()),
        ("--engine.lora none", "engine.lora", None),
        ("--sampling.gate non_zero_spread", "sampling.gate", NonZeroSpread()),
        ("--sampling.gate NonZeroSpread", "sampling.gate", NonZeroSpread()),
        ("--objective.clipping.high 0.28", "objective.clipping", Clipped(low=0.2, high=0.28)),
        ("--objective.advantage centred", "objective.advantage", Centred()),
        (
            "--objective.advantage whitened --objective.advantage.inner centred",
            "objective.advantage",
            Whitened(inner=Centred()),
        ),
        ("--objective.corrections truncated", "objective.corrections", (Truncated(),)),
        (
            "--objective.corrections truncated,masked --objective.corrections.1.cap 3",
            "objective.corrections",
            (Truncated(), Masked(cap=3.0)),
        ),
        ("--objective.regularisers none", "objective.regularisers", ()),
        (
            "--objective.regularizers.0.anchor proximal",
            "objective.regularisers",
            (K3(beta=0.04, anchor=Proximal()),),
        ),
        ("--objective.aggregation fixed_length --objective.aggregation.length 9", "", None),
        ("--optimizer.decay cosine", "optimizer.decay", CosineDecay()),
        ("--optimizer.decay.warmup 7", "optimizer.decay", ConstantDecay(warmup=7)),
        ("--optimizer.betas.1 0.99", "optimizer.betas", (0.9, 0.99)),
        ("--optimizer.clip_norm inf", "optimizer.clip_norm", float("inf")),
        ("--reward math", "reward", Math()),
        ("--reward none", "reward", None),
        ("--objective dapo --objective.high 0.3", "objective", dapo(high=0.3)),
        ("--warmup none", "warmup", ()),
        ("--warmup.1.steps 3", "warmup.1.steps", 3),
        ("--sampling.decoding.stop a,b", "sampling.decoding.stop", ("a", "b")),
        ("--corpus.family lists --corpus.levels 3,3", "corpus.levels", (3, 3)),
    ],
    ids=lambda x: x if isinstance(x, str) else None,
)
def test_a_path_sets_exactly_that(words, at, found):
    run = over(words)
    if not at:
        assert run.objective.aggregation == FixedLength(length=9)
        return
    held = {path: held for path, _, held in paths(run)}
    assert held[at] == found
    before = {path: held for path, _, held in paths(RUN)}
    touched = [p for p in before if p not in held or held[p] != before[p]]
    related = [p for p in touched if not (p.startswith(at) or at.startswith(f"{p}."))]
    assert related == [] or words.startswith("--corpus")


def test_the_order_of_flags_is_of_no_account(here):
    said = [
        "--sampling.gate=mine_parts.py:Picky",
        "--sampling.gate.least=3",
        "--sampling.gate.most=4",
    ]
    gates = {over(" ".join(order)).sampling.gate for order in permutations(said)}
    assert len(gates) == 1
    (gate,) = gates
    assert (type(gate).__name__, gate.least, gate.most) == ("Picky", 3, 4)


def test_a_function_of_a_file_makes_a_part_of_its_settings(here):
    run = over("--sampling ./mine_parts.py:halved --sampling.rollouts 4")
    assert run.sampling.size.rollouts == 4


def test_a_part_keeps_what_was_chosen_for_the_one_that_it_replaces():
    """And nothing that was only a default."""
    chosen = over("--objective.clipping.high 0.3")
    assert over("--objective.clipping dual_clipped", chosen).objective.clipping == DualClipped(
        high=0.3
    )
    warm = over("--optimizer.decay.warmup 7")
    assert over("--optimizer.decay cosine", warm).optimizer.decay == CosineDecay(warmup=7)
    assert over("--objective.regularisers k2").objective.regularisers == (K2(beta=0.04),)
    assert over("--reward overlong --reward.longest 64").reward == Overlong(longest=64)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--steps many", ["steps is 'many'", "whole number"]),
        ("--sampling.size.rollout 3", ["Fixed", "you meant --sampling.size.rollouts"]),
        (
            "--sampling.gate.max_rounds 3",
            ["--sampling.gate.max_rounds", "AdmitAll", "choose --sampling.gate", "non_zero_spread"],
        ),
        ("--sampling.gate nonzero", ["'nonzero'", "admit_all, non_zero_spread"]),
        ("--sampling uniform", ["sampling 'uniform'", "another kind", "standard"]),
        ("--objective.advantage whitened", ["inner", "--objective.advantage.inner"]),
        ("--objective.corrections.0.cap 3", ["objective.corrections.0"]),
        ("--objective.corrections truncated --objective.corrections.1.cap 3", ["has 1"]),
        ("--environment none", ["environment is 'none'", "list environments"]),
        ("--reward maht", ["reward 'maht'", "'math'"]),
        ("--objective gspoo", ["objective 'gspoo'", "'gspo'"]),
        ("--limits x", ["limits 'x'", "probe, drift"]),
        ("--steps.x 3", ["steps is 40", "steps.x"]),
        ("--engine.lora.rank 0", ["engine.lora.rank is 0; give 1 or more"]),
        ("--demonstrator.x 1", ["demonstrator", "x"]),
        ("--demonstrator none --demonstrator.x 1", ["demonstrator"]),
    ],
)
def test_what_does_not_fit_is_one_line_that_helps(words, told):
    with pytest.raises(UsageError) as refused:
        over(words)
    said = str(refused.value)
    assert "\n" not in said
    for piece in told:
        assert piece in said


def test_a_part_of_another_kind_is_refused_by_name(here):
    with pytest.raises(UsageError, match="NoGate"):
        over("--sampling.gate mine_parts.py:NoGate")
    with pytest.raises(UsageError, match="least"):
        over("--sampling.gate mine_parts.py:Picky")
    with pytest.raises(UsageError, match=r"nowhere\.py"):
        over("--sampling.gate nowhere.py")


def test_numbers_of_companions_are_reached_by_index():
    run = over(
        "--objective.companions entropy_target,reference_reset "
        "--objective.companions.0.target 0.5 --objective.companions.1.patience 9"
    )
    assert run.objective.companions == (EntropyTarget(target=0.5), ReferenceReset(patience=9))
    with pytest.raises(UsageError, match="patients"):
        over("--objective.companions.1.patients 9", run)


@pytest.mark.parametrize("words", [["a"], ["--steps", "3", "4"]])
def test_a_word_that_belongs_to_no_flag_is_refused(words):
    with pytest.raises(UsageError, match="alone"):
        flags(words)


def test_later_layers_win_and_drop_what_belongs_to_a_replaced_part():
    first = flags(["--a.b=x", "--a.b.c=1", "--d=1"])
    assert [f.word for f in merged([first, flags(["--d=2"])])] == [
        "--a.b=x",
        "--a.b.c=1",
        "--d=2",
    ]
    assert [f.word for f in merged([first, flags(["--a.b=y"])])] == ["--a.b=y", "--d=1"]
    assert [f.word for f in merged([first, flags(["--a.b=x"])])] == [
        "--a.b=x",
        "--a.b.c=1",
        "--d=1",
    ]


def small(*words: str) -> Any:
    return configured(RECIPE, words, "plan").run


def test_an_algorithm_takes_settings_where_the_recipe_has_a_choice_of_it(here):
    assert small("--algorithm.high", "0.3").objective == dapo(high=0.3)
    assert small("--algorithm", "grpo", "--algorithm.beta=0").objective.regularisers == (
        K3(beta=0.0),
    )
    own = small("--algorithm", "./mine.py", "--algorithm.scale", "2").objective
    assert own.clipping.high == 1.0
    with pytest.raises(UsageError, match="low, high"):
        small("--algorithm.hig", "0.3")
    with pytest.raises(UsageError, match="beta is 'x'"):
        small("--algorithm", "grpo", "--algorithm.beta", "x")


def test_a_reward_that_a_recipe_asks_for_takes_settings(here):
    """Those of the part that was named; others are those of the run's own reward."""
    Path("tasks.jsonl").write_text('{"prompt": "1+1=", "answer": "2"}\n')
    words = ["--model", "m", "--data", "lock", "--reward", "exact", "--reward.before", "="]
    run = configured("rlvr", words, "plan").run
    assert run.reward == Exact(before="=")
    run = configured("dapo", [*words, "--reward.cushion", "9"], "plan").run
    assert run.reward == Overlong(longest=512, cushion=9, inner=Exact(before="="))


@pytest.mark.parametrize("flag", ["--reward.weights", "--reward-weights"])
def test_several_rewards_have_weights(flag):
    words = ["--model", "m", "--data", "lock", "--reward", "math,exact", flag, "0.8,0.2"]
    reward = configured("rlvr", words, "plan").run.reward
    assert isinstance(reward, WeightedSum)
    assert (reward.rewards, reward.weights) == ((Math(), Exact()), (0.8, 0.2))


def test_an_unknown_flag_is_told_the_nearest_path():
    for words, near in (
        (["--size.rollouts", "3"], "--sampling.size.rollouts"),
        (["--rollout", "3"], "--rollouts"),
        (["--learning-rat", "3"], "--learning-rate"),
        (["--actor.optim.lr", "3"], "--lr"),
    ):
        with pytest.raises(UsageError, match=f"you meant {near}"):
            small(*words)


def test_missing_parameters_are_named():
    with pytest.raises(UsageError, match="missing --model, --data"):
        configured("rlvr", ["--reward", "math"], "train")


def test_a_part_of_a_list_is_replaced_by_its_index():
    run = small("--objective.corrections=truncated,masked", "--objective.corrections.1=truncated")
    assert run.objective.corrections == (Truncated(), Truncated())


@pytest.mark.parametrize("index", ["01", "\u0661", "-1", "2"])
def test_an_index_that_is_none_is_refused(index):
    with pytest.raises(UsageError, match="has 2 of them"):
        small("--objective.corrections=truncated,masked", f"--objective.corrections.{index}=masked")


@pytest.mark.parametrize("text", ["[k3", '["k3",', "[1 2]"])
def test_a_list_of_parts_that_is_no_json_is_refused(text):
    with pytest.raises(UsageError, match=r"objective\.regularisers is .*JSON"):
        small("--objective.regularisers", text)


@pytest.mark.parametrize(("text", "stop"), [("\n", ("\n",)), (" ", (" ",))])
def test_a_line_break_may_stop_a_reply(text, stop):
    assert small("--stop", text).sampling.decoding.stop == stop


@pytest.mark.parametrize("module", [".here", "fails_when_imported"])
def test_a_module_that_fails_is_refused_in_a_line(here, monkeypatch, module):
    monkeypatch.syspath_prepend(str(here))
    Path("fails_when_imported.py").write_text("raise RuntimeError('two\\nlines')")
    with pytest.raises(UsageError, match=f"sampling.gate is '{module}:Part'.*Error") as refused:
        small("--sampling.gate", f"{module}:Part")
    assert "\n" not in str(refused.value)
