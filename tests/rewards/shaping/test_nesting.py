"""Rewards inside rewards, impossible settings, and the cheapest policies against each reward."""

from dataclasses import fields, replace
from functools import partial
from math import inf, nan

import pytest
from shaped_groups import CUT, Failing, Heard, R, Row, Seconded, Told, W, found

from whet.rewards.shaping import Ramp, Range, Weighed
from whet.rewards.shaping.additive import Additive
from whet.rewards.shaping.alp import Alp
from whet.rewards.shaping.annealed import Annealed
from whet.rewards.shaping.arora_zanette import AroraZanette
from whet.rewards.shaping.cascade import Cascade
from whet.rewards.shaping.combined import Combined
from whet.rewards.shaping.combined_freely import CombinedFreely
from whet.rewards.shaping.dace import Dace
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
from whet.rewards.shaping.novelty import Novelty
from whet.rewards.shaping.overlong import Overlong
from whet.rewards.shaping.prioritised import Prioritised
from whet.rewards.shaping.saturating import Saturating
from whet.rewards.shaping.shorter_better import ShorterBetter
from whet.rewards.shaping.sigmoid_hybrid import SigmoidHybrid
from whet.rewards.shaping.signed import Signed
from whet.rewards.shaping.staged_overlong import StagedOverlong
from whet.rewards.shaping.stratified import Stratified
from whet.rewards.shaping.weighted_sum import WeightedSum
from whet.types import UsageError

PART = Weighed(judge=Heard(), weight=0.2)
GATE = (Seconded(),)
TARGETS = (20, 20, 20)

SHAPERS = {
    "additive": partial(Additive, model=Heard()),
    "alp": partial(Alp, longest=40),
    "annealed": partial(Annealed, extra=Heard()),
    "arora_zanette": AroraZanette,
    "combined": partial(Combined, parts=(PART,)),
    "combined_freely": partial(CombinedFreely, parts=(PART,)),
    "dace": partial(Dace, beta=0.3),
    "difficulty": Difficulty,
    "diversity": Diversity,
    "gated": partial(Gated, gates=GATE, parts=(PART,)),
    "gdpo": partial(Gdpo, parts=(PART,)),
    "kimi_length": KimiLength,
    "l1_exact": L1Exact,
    "l1_max": L1Max,
    "laser": partial(Laser, target=20),
    "laser_d": partial(LaserD, targets=TARGETS),
    "laser_de": partial(LaserDe, targets=TARGETS),
    "linear_length": LinearLength,
    "novelty": Novelty,
    "overlong": partial(Overlong, longest=40),
    "prioritised": partial(Prioritised, parts=(PART,)),
    "saturating": partial(Saturating, parts=(PART,)),
    "shorter_better": ShorterBetter,
    "sigmoid_hybrid": partial(SigmoidHybrid, model=Heard()),
    "signed": partial(Signed, positive=0.7),
    "staged_overlong": partial(StagedOverlong, longest=40),
    "stratified": partial(Stratified, model=Heard()),
}
SIZES = ((True, 39, 0.9), (True, 12, 0.2), (False, 36, 0.7), (False, 0, 0.1), (False, 38, 0.3))
MIXED = [Row(right=c, length=n, opinion=m) for c, n, m in SIZES]


def summed(inner):
    return WeightedSum(rewards=(inner, Heard()))


NORMALISED = {("gdpo", "difficulty"), ("gdpo", "signed")}  # a new scale and zero, which gdpo undoes
OUTER = {**SHAPERS, "cascade": partial(Cascade, model=Heard())}


def around(outer, inner):
    return summed(inner) if outer == "weighted_sum" else OUTER[outer](inner=inner)


@pytest.mark.parametrize("outer", [*OUTER, "weighted_sum"])
def test_a_shaped_score_is_kept_or_refused_and_never_a_fault(outer):
    """All pairs: the inner reward changes the outer one's scores, or the pair can't be made."""
    plain = found(around(outer, Told()), MIXED)
    for inner in (*SHAPERS, "weighted_sum"):
        try:
            nested = around(outer, around(inner, Told()))
        except UsageError as refused:
            assert f"{outer}.inner is {inner}, whose scores" in str(refused)  # noqa: PT017
            continue
        scores = found(nested, MIXED)
        assert None not in scores, inner
        assert scores != plain or (outer, inner) in NORMALISED, inner


def test_each_reward_shapes_these_replies():
    told = found(Told(), MIXED)
    for inner in (*SHAPERS, "weighted_sum"):
        assert found(around(inner, Told()), MIXED) != told, inner


def test_a_shaped_score_that_a_task_declares_is_refused_too():
    class Hidden(Told):
        """Says that its score was changed, as shaping rewards do."""

        async def score(self, rollout):
            return replace(await Told.score(self, rollout), parts={"unshaped": 1.0})

    with pytest.raises(UsageError, match="put the outer one inside"):
        found(Alp(inner=Hidden()), [R])


def test_rounding_decides_nothing():
    """1 − .9 is .0999…, .1 · 3 is .3000…4, and the float32 of .7 is .69999999."""
    nine = [*[R] * 9, W]
    assert found(Dace(beta=0.1, inner=Told()), nine) == found(Told(), nine)
    third = [replace(R, length=9), replace(W, length=9), replace(W, length=9)]
    edge = LaserD(targets=(1, 5, 9), bounds=(0.1, 1 - 2 / 3), inner=Told())
    assert found(edge, third) == [1.5, 0, 0]
    single = [replace(W, opinion=0.699999988079071)]
    assert found(Cascade(model=Heard(), threshold=0.7, inner=Told()), single) == [1]
    beyond = [replace(R, opinion=1 + 2**-40), R]
    assert None not in found(Gdpo(parts=(PART,), inner=Told()), beyond)
    over = [replace(R, score=1 + 2**-40)]
    assert found(Saturating(gamma=0.5, inner=Told()), over) == [0]
    assert found(Combined(inner=Told()), over) == [1]
    gate = Gated(gates=(Heard(),), inner=Told())
    assert found(gate, [replace(R, opinion=0.5 - 2**-40)]) == [1]


def test_weight_nothing_makes_no_fault():
    idle = Weighed(judge=Failing(), weight=0.0)
    for kind in (Combined, CombinedFreely, Gdpo, Saturating):
        assert found(kind(parts=(idle,), inner=Told()), [R, W]) == found(kind(inner=Told()), [R, W])
    judge = WeightedSum(rewards=(Told(), Failing()), weights=(1.0, 0.0))
    assert found(judge, [R, W]) == [1, 0]
    assert found(WeightedSum(rewards=(Told(), Failing())), [R]) == [None]


@pytest.mark.parametrize("length", [-1, 0, nan, inf, "long"])
def test_a_length_that_a_task_cannot_mean_is_a_fault(length):
    from said import asked, replied  # noqa: PLC0415

    from whet.types import Task  # noqa: PLC0415

    task = Task(id="t", prompt="?", answer="42", info={"length": length})
    row = '{"right": true, "score": null, "fault": false, "answer": "42"}'
    for kind in (L1Exact, L1Max):
        assert asked(kind(inner=Told()), [replied(row, task=task)])[0].fault


@pytest.mark.parametrize("name", SHAPERS)
def test_no_number_is_accepted_that_is_none(name):
    make = SHAPERS[name]
    kind = make.func if isinstance(make, partial) else make
    numbers = [f.name for f in fields(kind) if isinstance(f.default, float)]
    for field, bad in ((f, bad) for f in numbers for bad in (nan, inf, -inf)):
        with pytest.raises(UsageError, match=rf"{name}\.{field}"):
            make(**{field: bad})


@pytest.mark.parametrize(
    "make",
    [
        lambda: Overlong(longest=4, cushion=20),
        lambda: StagedOverlong(longest=4, cushion=20),
        lambda: Overlong(longest=0),
        lambda: Ramp(start=nan),
        lambda: Ramp(end=inf),
        lambda: Ramp(steps=0),
        lambda: Weighed(judge=Heard(), low=-inf),
        lambda: Weighed(judge=Heard(), high=nan),
        lambda: Range(low=nan, high=1.0),
        lambda: Range(low=0.0, high=nan),
        lambda: LaserD(bounds=(nan, 0.5)),
        lambda: LaserDe(bounds=(0.5, nan)),
        lambda: LaserDe(targets=(1, 0, 1)),
        lambda: LinearLength(weight=1.0),
        lambda: ShorterBetter(alpha=0.0),
        lambda: WeightedSum(rewards=(Heard(),), weights=(inf,)),
        lambda: Combined(parts=(Weighed(judge=Heard(), weight=0.1, name="unshaped"),)),
    ],
)
def test_impossible_settings_are_refused(make):
    with pytest.raises(UsageError):
        make()


def test_a_cushion_is_a_fifth_unless_given():
    rows = [replace(R, length=n) for n in (16, 18, 20, 99)]
    assert found(Overlong(longest=20, inner=Told()), rows) == [1, 0.5, 0, 0]


CHEAP = {
    "shortest": replace(W, length=1, opinion=1.0, second=1.0),
    "longest": replace(W, length=4096, opinion=1.0, second=1.0),
    "empty": replace(W, length=0, opinion=1.0, second=1.0),
    "cut": replace(W, length=4096, opinion=1.0, second=1.0, finish=CUT),
    "like the right ones": replace(W, length=500, opinion=1.0, second=1.0),
}
HONEST = replace(R, length=500, opinion=0.0)
DEFAULTS = {
    **SHAPERS,
    "alp": Alp,
    "laser": Laser,
    "laser_d": LaserD,
    "laser_de": LaserDe,
    "overlong": Overlong,
    "staged_overlong": StagedOverlong,
    "signed": Signed,
}


@pytest.mark.parametrize("name", [*DEFAULTS, "weighted_sum"])
def test_cheap_wrong_replies_do_not_outscore_an_honest_right_one(name):
    """The model or component is fooled entirely: it gives the wrong reply 1 and the right one 0."""
    judge = summed(Told()) if name == "weighted_sum" else DEFAULTS[name](inner=Told())
    for trick, cheap in CHEAP.items():
        for honest in (1, 3):
            *right, paid, _ = found(judge, [*[HONEST] * honest, cheap, cheap])
            assert paid is None or paid <= min(right), trick


KNOWN = {
    "Alp": (Alp(longest=10), replace(R, length=999), replace(W, length=0)),
    "L1Exact": (L1Exact(target=10), replace(R, length=5000), W),
    "ShorterBetter": (ShorterBetter(), replace(R, length=5000), W),
    "Overlong": (Overlong(weight=2.0, longest=20), replace(R, length=20), W),
    "Gdpo": (
        Gdpo(parts=(Weighed(judge=Heard(), weight=3.0),)),
        replace(R, opinion=0.0),
        replace(W, opinion=1.0),
    ),
    "Saturating": (
        Saturating(parts=(PART,)),
        replace(R, opinion=0.0),
        replace(W, opinion=1.0),
    ),
    "WeightedSum": (
        WeightedSum(rewards=(Told(), Heard()), weights=(1.0, 2.0)),
        replace(R, opinion=0.0),
        replace(W, opinion=1.0),
    ),
    "Annealed": (
        Annealed(extra=Heard()),
        replace(R, opinion=0.0),
        replace(W, score=0.9, opinion=1.0),
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_where_a_wrong_reply_can_win_the_docstring_says_so(name):
    judge, right, wrong = KNOWN[name]
    told = judge if name == "WeightedSum" else replace(judge, inner=Told())
    rows = [*[replace(right, opinion=0.0)] * 9, replace(right, length=5), right, wrong]
    scores = [score for score in found(told, rows) if score is not None]
    assert len(scores) == len(rows)
    assert scores[-1] > scores[-2]
    words = " ".join(type(judge).__doc__.split())
    assert any(said in words for said in ("outscore", "can score less", "no more than a brief"))


def test_laser_de_pays_no_reply_that_never_ends():
    """A reply that was cut, or has no answer, earns 0 however long it is."""
    rows = [replace(W, length=9999, finish=CUT), replace(W, length=9999), replace(W, length=9)]
    assert found(LaserDe(inner=Told()), rows) == [0, 0.5, 0]
