"""Distillation against its equations: values by hand, gradients by finite differences of logits.

The oracles are written from the equations of arXiv:2306.13649 with `math` alone. p and t are the
next-token distributions of policy and teacher over a vocabulary of five.

    reverse KL(p‖t) = Σ p log(p/t)      forward KL(t‖p) = Σ t log(t/p)
    JSD(β) = β KL(t‖m) + (1 − β) KL(p‖m),  m = β t + (1 − β) p
"""

from dataclasses import replace
from math import exp, log

import pytest
import torch
from policy.oracles import DOUBLE, SINGLE, each_dtype

from whet.engines.candidates import likeliest, logp_among
from whet.policy.algorithms import load
from whet.policy.distillation import (
    ForwardDivergence,
    MixtureDivergence,
    ReverseDivergence,
    Taught,
    TeacherDivergence,
    TeacherLogRatio,
)
from whet.types import AdvantageInputs, Batch, totals

LOGITS = [[0.3, -1.2, 0.8, 0.1, -0.4], [1.5, 0.2, -0.7, 0.0, 0.9], [-0.2, 0.6, 0.4, -1.1, 0.3]]
TEACHER = [[1.0, 0.5, -0.5, 0.2, -2.0], [0.1, 1.1, 0.3, -0.6, 0.7], [0.9, -0.3, 1.4, 0.2, 0.0]]
SAID = [2, 0, 3]
ROW = [0, 0, 1]
KEPT = 2
STEP = 1e-6


def softmax(scores):
    powers = [exp(x) for x in scores]
    return [x / sum(powers) for x in powers]


def kl(p, t):
    return sum(a * log(a / b) for a, b in zip(p, t, strict=True) if a)


def jsd(p, t, beta=0.3):
    m = [beta * b + (1 - beta) * a for a, b in zip(p, t, strict=True)]
    return beta * kl(t, m) + (1 - beta) * kl(p, m)


EQUATIONS = {
    "reverse": (ReverseDivergence(), kl),
    "forward": (ForwardDivergence(), lambda p, t: kl(t, p)),
    "jsd": (MixtureDivergence(beta=0.3), jsd),
}


def binned(p, t):
    """Both over the teacher's two likeliest tokens and the rest."""
    best = sorted(range(len(t)), key=lambda v: -t[v])[:KEPT]
    return tuple([x[v] for v in best] + [1 - sum(x[v] for v in best)] for x in (p, t))


def slopes(of, logits):
    """∂ of(logits) / ∂ logits by central differences."""
    found = []
    for row, values in enumerate(logits):
        found.append([])
        for place in range(len(values)):
            moved = []
            for sign in (1, -1):
                other = [list(r) for r in logits]
                other[row][place] += sign * STEP
                moved.append(of(other))
            found[row].append((moved[0] - moved[1]) / (2 * STEP))
    return torch.tensor(found, dtype=DOUBLE)


def batch_of(logits, dtype, **columns):
    row, group = torch.tensor(ROW), torch.tensor([0, 0])
    logp = torch.log_softmax(logits, -1).gather(1, torch.tensor(SAID)[:, None])[:, 0]
    known = {
        "totals": totals(row, group),
        "row": row,
        "group": group,
        "advantage": torch.zeros(3, dtype=dtype),
        "behaviour_logp": logp.detach(),
        "proximal_logp": logp.detach(),
        "taught": torch.ones(3, dtype=torch.bool),
    }
    return logp, Batch(**known | columns).counted()


def distilled(objective, dtype, count=KEPT, **columns):
    """Loss and gradient by the logits, with candidates as an engine gives them."""
    logits = torch.tensor(LOGITS, dtype=dtype).requires_grad_()
    told = likeliest(torch.tensor(TEACHER, dtype=dtype), count)
    logp, batch = batch_of(
        logits,
        dtype,
        candidates=told.ids,
        candidate_teacher_logp=told.logp,
        candidate_logp=logp_among(logits, told.ids),
        **columns,
    )
    loss = objective.loss(logp, batch.prepared(objective.selections))
    loss.backward()
    return loss.detach(), logits.grad


def near(actual, wanted):
    tolerance = 2e-6 if actual.dtype == SINGLE else 1e-9
    wanted = torch.as_tensor(wanted, dtype=actual.dtype)
    torch.testing.assert_close(actual, wanted, atol=tolerance, rtol=tolerance)


@each_dtype
@pytest.mark.parametrize("name", EQUATIONS)
@pytest.mark.parametrize("algorithm", ["gkd", "sdft", "sdpo"])
def test_a_divergence_over_candidates_is_its_equation(algorithm, name, dtype):
    """J = −(1/3) Σ_n D(p_n, t_n) over two candidates and the tail."""
    divergence, equation = EQUATIONS[name]

    def loss(logits):
        pairs = zip(logits, TEACHER, strict=True)
        return sum(equation(*binned(softmax(z), softmax(t))) for z, t in pairs) / len(logits)

    value, gradient = distilled(load(algorithm, divergence=divergence), dtype)
    near(value, loss(LOGITS))
    near(gradient, slopes(loss, LOGITS))


@each_dtype
@pytest.mark.parametrize("name", EQUATIONS)
def test_all_candidates_but_one_are_the_whole_vocabulary(name, dtype):
    """The tail of V − 1 candidates is the last token; more candidates are cut to as many."""
    divergence, equation = EQUATIONS[name]
    value, _ = distilled(load("gkd", divergence=divergence), dtype, count=9)
    pairs = zip(LOGITS, TEACHER, strict=True)
    near(value, sum(equation(softmax(z), softmax(t)) for z, t in pairs) / 3)


def test_a_tail_below_float32_keeps_its_size():
    """1 − Σ_k is 0 in float32; the tail of these scores is 4 e^−30 / (e^0 + …)."""
    tail = logp_among(torch.tensor([[0.0, -30, -30, -30, -30]]), torch.tensor([[0]]))[0, 1]
    assert tail.item() == pytest.approx(log(4) - 30, abs=1e-5)


def test_by_hand():
    """Of p = (½, ¼, ¼), t = (¼, ¼, ½): reverse ½ ln 2 − ¼ ln 2, forward the same by symmetry.

    m = (⅜, ¼, ⅜): JSD(½) = ½ (ln(⅔)/4 + ln(4/3)/2) twice = ¼ ln ⅔ + ½ ln 4/3.
    """
    p = torch.tensor([[0.5, 0.25, 0.25]], dtype=DOUBLE).log()
    t = torch.tensor([[0.25, 0.25, 0.5]], dtype=DOUBLE).log()
    near(ReverseDivergence()(p, t), [log(2) / 4])
    near(ForwardDivergence()(p, t), [log(2) / 4])
    near(MixtureDivergence(beta=0.5)(p, t), [log(2 / 3) / 4 + log(4 / 3) / 2])


def inputs_of(dtype, **columns):
    def chosen(scores):
        table = torch.tensor(scores, dtype=dtype).log_softmax(-1)
        return table.gather(1, torch.tensor(SAID)[:, None])[:, 0]

    known = AdvantageInputs(
        reward=torch.tensor([1.0, 0.0], dtype=dtype),
        group=torch.tensor([0, 0]),
        row=torch.tensor(ROW),
        proximal_logp=chosen(LOGITS),
        teacher_logp=chosen(TEACHER),
        taught=torch.ones(3, dtype=torch.bool),
    )
    return replace(known, **columns)


def log_ratios():
    return [
        log(softmax(t)[v] / softmax(z)[v]) for z, t, v in zip(LOGITS, TEACHER, SAID, strict=True)
    ]


@each_dtype
def test_opd_is_its_equation(dtype):
    """Loss −(1/3) Σ Â; gradient −(1/3) Σ Â ∇log π(y), Â held where it is."""
    objective, weight = load("opd"), log_ratios()

    def loss(logits):
        ratios = [
            softmax(z)[v] / softmax(o)[v] for z, o, v in zip(logits, LOGITS, SAID, strict=True)
        ]
        return -sum(r * a for r, a in zip(ratios, weight, strict=True)) / 3

    logits = torch.tensor(LOGITS, dtype=dtype).requires_grad_()
    logp, batch = batch_of(logits, dtype, advantage=objective.advantage(inputs_of(dtype)))
    value = objective.loss(logp, batch.prepared(objective.selections))
    value.backward()
    near(value.detach(), loss(LOGITS))
    near(logits.grad, slopes(loss, LOGITS))


def test_the_expected_gradient_of_opd_is_that_of_the_reverse_kl():
    """Σ_y p(y) (log t(y) − log p(y)) ∇log p(y) = −∇KL(p‖t), for one position."""
    z, t = LOGITS[0], softmax(TEACHER[0])
    p = softmax(z)
    expected = torch.zeros(5, dtype=DOUBLE)
    for said in range(5):
        inputs = AdvantageInputs(
            reward=torch.zeros(1, dtype=DOUBLE),
            group=torch.tensor([0]),
            row=torch.tensor([0]),
            proximal_logp=torch.tensor([log(p[said])], dtype=DOUBLE),
            teacher_logp=torch.tensor([log(t[said])], dtype=DOUBLE),
            taught=torch.tensor([True]),
        )
        weight = load("opd").advantage(inputs).item()
        score = torch.tensor([(v == said) - p[v] for v in range(5)], dtype=DOUBLE)
        expected += p[said] * weight * score
    near(expected, -slopes(lambda logits: kl(softmax(logits[0]), t), [z])[0])


def test_opd_by_hand():
    """Of log π_T = −0.2, log π = −1.2: Â = 1.  With α = ½ beside rewards 1 and 0 of a group."""
    ratio = {
        "proximal_logp": torch.tensor([-1.2, -1.2, -0.2], dtype=DOUBLE),
        "teacher_logp": torch.tensor([-0.2, -0.2, -1.2], dtype=DOUBLE),
    }
    inputs = inputs_of(DOUBLE, **ratio)
    near(load("opd").advantage(inputs), [1.0, 1.0, -1.0])
    centred = load("dr_grpo").advantage
    near(load("opd", alpha=0.5, verdict=centred).advantage(inputs), [1.0, 1.0, -1.0])
    untaught = replace(inputs, taught=torch.tensor([True, False, False]))
    near(load("opd", alpha=0.5, verdict=centred).advantage(untaught), [1.0, 0.5, -0.5])


@pytest.mark.parametrize("name", ["gkd", "sdft", "sdpo"])
def test_tokens_without_a_teacher_leave_the_denominator(name):
    """Of three tokens the last is external and the second has no teacher: J = −D_0, not −D_0/3."""
    columns = {
        "taught": torch.tensor([True, False, True]),
        "external": torch.tensor([False, False, True]),
    }
    divergence, equation = EQUATIONS["reverse"]
    value, gradient = distilled(load(name, divergence=divergence), DOUBLE, **columns)
    near(value, equation(*binned(softmax(LOGITS[0]), softmax(TEACHER[0]))))
    assert gradient is not None
    assert not gradient[1:].any()


def test_opd_counts_generated_tokens_only():
    objective = load("opd")
    logits = torch.tensor(LOGITS, dtype=DOUBLE)
    held = torch.tensor([1.0, 2.0, 5.0], dtype=DOUBLE)
    logp, batch = batch_of(
        logits, DOUBLE, advantage=held, external=torch.tensor([False, False, True])
    )
    near(objective.loss(logp, batch.prepared(objective.selections)), -1.5)


@pytest.mark.parametrize("name", ["gkd", "sdft", "sdpo"])
def test_the_gradient_with_a_teacher_is_another_one_than_without(name):
    """A teacher that equals the policy teaches nothing; the one above does."""
    _, gradient = distilled(load(name), DOUBLE)
    assert gradient.abs().max() > 0.01
    same = torch.tensor(LOGITS, dtype=DOUBLE)
    told = likeliest(same, KEPT)
    own = {"candidates": told.ids, "candidate_teacher_logp": told.logp}
    logits = same.clone().requires_grad_()
    own["candidate_logp"] = logp_among(logits, told.ids)
    logp, batch = batch_of(logits, DOUBLE, **own)
    objective = load(name)
    objective.loss(logp, batch.prepared(objective.selections)).backward()
    near(logits.grad, torch.zeros(3, 5))


def test_the_advantage_with_a_teacher_is_another_one_than_without():
    inputs = inputs_of(DOUBLE)
    assert load("opd").advantage(inputs).abs().min() > 0.01
    alone = replace(inputs, teacher_logp=inputs.proximal_logp)
    assert not load("opd").advantage(alone).any()


def test_columns_that_are_missing_are_named():
    logits = torch.tensor(LOGITS, dtype=DOUBLE)
    logp, batch = batch_of(logits, DOUBLE)
    price = TeacherDivergence()
    with pytest.raises(ValueError, match="candidate_teacher_logp"):
        price(logp, batch)
    told = likeliest(logits, KEPT)
    given = replace(batch, candidates=told.ids, candidate_teacher_logp=told.logp)
    with pytest.raises(ValueError, match=r"batch\.candidate_logp"):
        price(logp, given)
    with pytest.raises(ValueError, match=r"batch\.taught"):
        Taught()(replace(batch, taught=None))
    with pytest.raises(ValueError, match="teacher_logp"):
        TeacherLogRatio()(replace(inputs_of(DOUBLE), teacher_logp=None))
