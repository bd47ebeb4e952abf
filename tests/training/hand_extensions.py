"""The metrics of extensions, counted again from their equations."""

from collections.abc import Callable
from math import exp, log1p

import torch
from hand_counts import Counted, Step, known, mean, scores, single
from plain_reading import read, states
from torch import Tensor
from witnessed_engine import CriticCall

from whet.policy.critics import KLPenalised
from whet.policy.extensions.coevolving import Coevolving
from whet.policy.extensions.critic import Critic, NotTruncated
from whet.policy.extensions.entropy_target import EntropyTarget
from whet.policy.extensions.implicit_rewards import ImplicitRewards
from whet.policy.extensions.length_targets import LengthTargets
from whet.policy.extensions.moving_mean import MovingMean
from whet.policy.extensions.role_baseline import RoleBaseline
from whet.types import Finish, Rollout


def until(step: Step) -> list[Step]:
    """The steps of the run up to this one."""
    return [Step(step.witness, n) for n in range(step.number + 1)]


def correct(rollout: Rollout) -> bool:
    """A score of 1 or more is correct where the verdict does not say."""
    assert rollout.verdict is not None
    told = rollout.verdict.correct
    return rollout.verdict.score >= 1 if told is None else told


def of_roles(step: Step) -> Counted:
    """The baseline of each rollout: one role, for the small run has one seat."""
    keep = step.witness.settings(RoleBaseline).keep
    used, moving = list[float](), 0.0
    for each in until(step):
        used = []
        for reward in scores(each.rollouts):
            used.append(moving)
            moving = keep * moving + (1 - keep) * reward
    return mean(used)


def baseline(step: Step) -> Counted:
    companions = step.witness.run.objective.companions
    if any(isinstance(companion, RoleBaseline) for companion in companions):
        return of_roles(step)
    keep = step.witness.settings(MovingMean).keep
    used = 0.0
    for before in until(step)[:-1]:
        found = scores(before.rollouts)
        used = keep * used + (1 - keep) * sum(found) / len(found)
    return single(used)


def buffered(step: Step) -> Counted:
    tried = [g for s in until(step) for g in s.groups if scores(g)]
    return single(sum(not any(known(g)) for g in tried))


def entropies(step: Step, *, external: bool) -> float:
    """The mean over tokens of one kind, at the weights before the step."""
    batch = step.witness.steps[step.number].batch
    found = read(step.witness.updates(step.number)[0].weights, batch.rollouts).entropy.tolist()
    kinds = [s.version is None for r in batch.rollouts for s in r.spans for _ in range(s.tokens)]
    mine = [h for h, kind in zip(found, kinds, strict=True) if kind == external]
    return sum(mine) / len(mine)


def entropy_bonus(step: Step) -> Counted:
    settings = step.witness.settings(EntropyTarget)
    coefficient = used = 0.0
    for before in until(step):
        low = entropies(before, external=False) <= settings.target
        used = coefficient if low else 0.0
        coefficient = min(max(coefficient + (settings.delta if low else -settings.delta), 0.0), 1.0)
    return single(used)


def imitation_weight(step: Step) -> Counted:
    if step.number == 0:
        return single(1.0)
    before, now = until(step)
    moved = [
        abs(entropies(now, external=kind) - entropies(before, external=kind))
        for kind in (True, False)
    ]
    rollouts = step.witness.steps[step.number].batch.rollouts
    accuracy = sum(correct(r) for r in rollouts) / len(rollouts)
    return single(min(max(moved[0] / moved[1], 1.0), 5.0) * 5.0 ** (1 - 2 * accuracy))


def implicit_loss(step: Step) -> Counted:
    beta = step.witness.settings(ImplicitRewards).beta
    policy, model = step.witness.kept.learners
    seen = model.seen[step.number]
    rollouts = list(seen.batch.rollouts)
    own = read(seen.weights, rollouts).logp.tolist()
    base = read(policy.seen[0].weights, rollouts).logp.tolist()
    losses, n = [], 0
    for rollout in rollouts:
        size = sum(rollout.action_mask.tolist())
        logit = beta * sum(
            a - b for a, b in zip(own[n : n + size], base[n : n + size], strict=True)
        )
        losses.append(log1p(exp(-logit if correct(rollout) else logit)))
        n += size
    return single(sum(losses) / len(losses))


def tracked(step: Step) -> Counted:
    batches = [s.witness.steps[s.number].batch for s in until(step)]
    return single(len({r.task.id for batch in batches for r in batch.rollouts}))


def late_values(step: Step) -> Counted:
    """The order of prompts is fixed, so all of them are foreseen in the first step."""
    return mean([0.0 for _ in step.witness.steps[step.number].batch.rollouts])


def valued(call: CriticCall, rollouts: list[Rollout]) -> tuple[Tensor, list[Tensor]]:
    """V before every chosen token, and the parameters that it depends on."""
    hidden, body = states(call.weights, rollouts)
    head = {name: x.double().requires_grad_() for name, x in call.head.items()}
    value = hidden @ head["weight"][0] + head["bias"][0]
    return value, [*body.parameters(), *head.values()]


def targets(step: Step, settings: Critic) -> tuple[list[float], list[float]]:
    """V at the start of the step and G = Â_λ + V, per token of the batch."""
    batch = step.witness.steps[step.number].batch
    calls = [c for c in step.witness.kept.critics[0].seen if c.step == step.number]
    old = valued(calls[0], list(batch.rollouts))[0].tolist()
    goals, n = [], 0
    for rollout in batch.rollouts:
        size = sum(rollout.action_mask.tolist())
        reward = [0.0] * (size - 1) + [rollout.verdict.score]
        if isinstance(settings.token_rewards, KLPenalised):
            assert batch.tokens.reference_logp is not None
            far = batch.tokens.proximal_logp - batch.tokens.reference_logp
            reward = [
                r - settings.token_rewards.beta * float(x)
                for r, x in zip(reward, far[n : n + size], strict=True)
            ]
        advantage, after, own = 0.0, 0.0, []
        for t in reversed(range(size)):
            surprise = reward[t] + settings.discount * after - old[n + t]
            advantage = surprise + settings.discount * settings.gae_lambda * advantage
            after = old[n + t]
            own.append(advantage + old[n + t])
        goals += own[::-1]
        n += size
    return old, goals


def critic_losses(step: Step) -> list[tuple[float, float]]:
    """The loss and the gradient norm of every update of the critic."""
    settings = step.witness.settings(Critic)
    old, goals = targets(step, settings)
    rollouts = step.witness.steps[step.number].batch.rollouts
    place = {r.id: sum(x.length for x in rollouts[:i]) for i, r in enumerate(rollouts)}
    found = []
    for call in step.witness.kept.critics[0].seen:
        if call.step != step.number or not call.fitted:
            continue
        value, trained = valued(call, call.rollouts)
        errors, n = [], 0
        for rollout in call.rollouts:
            size = rollout.length
            cut = rollout.finish is Finish.LENGTH and isinstance(settings.fit_on, NotTruncated)
            for t in range(size):
                v, first = value[n + t], place[rollout.id] + t
                near = old[first] + (v - old[first]).clamp(-settings.clip, settings.clip)
                wrong = torch.maximum((v - goals[first]) ** 2, (near - goals[first]) ** 2) / 2
                errors += [] if cut else [wrong]
            n += size
        loss = torch.stack(errors).mean()
        loss.backward()
        squares = sum(float((p.grad**2).sum()) for p in trained if p.grad is not None)
        found.append((loss.item(), squares**0.5))
    return found


def ends(call: CriticCall) -> list[float]:
    """The verifier's output at the last token of every text."""
    value, lengths = valued(call, call.rollouts)[0].tolist(), [r.length for r in call.rollouts]
    return [value[sum(lengths[: i + 1]) - 1] for i in range(len(lengths))]


def verifier_calls(step: Step) -> tuple[list[CriticCall], list[CriticCall], CriticCall]:
    """Of one step: those that score the groups, those that fit, and the one of the probes."""
    calls = [c for c in step.witness.kept.critics[0].seen if c.step == step.number]
    fits = [i for i, c in enumerate(calls) if c.fitted]
    scored = calls[: fits[0] - 1] if fits else calls[:-1]  # before a fit its pairs are valued
    return scored, [calls[i] for i in fits], calls[-1]


def middle(step: Step) -> float:
    """The mean output on the probes after a step."""
    found = ends(verifier_calls(step)[2])
    return sum(found) / len(found)


def verifier_agrees(step: Step) -> Counted:
    centre = middle(Step(step.witness, step.number - 1)) if step.number else 0.0
    tried = [r for g in step.groups for r in g if scores([r])]
    outputs = [x for call in verifier_calls(step)[0] for x in ends(call)]
    return mean(
        [
            float((x - centre > 0) == r.verdict.correct)
            for r, x in zip(tried, outputs, strict=True)
            if r.verdict is not None and r.verdict.correct is not None
        ]
    )


def verifier_pairs(step: Step) -> Counted:
    fits = verifier_calls(step)[1]
    return single(sum(len(fit.rollouts) for fit in fits) / 2)


def verifier_loss(step: Step) -> Counted:
    fits = verifier_calls(step)[1]
    outputs = [ends(fit) for fit in fits]
    return mean(
        [
            sum(log1p(exp(b - g)) for g, b in zip(x[::2], x[1::2], strict=True)) / (len(x) / 2)
            for x in outputs
        ]
    )


def verifier_probe_accuracy(step: Step) -> Counted:
    found, centre = ends(verifier_calls(step)[2]), middle(step)
    good = [x > centre for x in found[::2]]
    bad = [x <= centre for x in found[1::2]]
    return single((sum(good) / len(good) + sum(bad) / len(bad)) / 2)


def verifier_frozen(step: Step) -> Counted:
    fall = step.witness.settings(Coevolving).fall
    best, frozen = 0.0, False
    for before in until(step):
        accuracy = verifier_probe_accuracy(before).value or 0.0
        frozen = frozen or accuracy < best - fall - 1e-9
        best = max(best, accuracy)
    return single(float(frozen))


def target_length(step: Step, bucket: int) -> Counted:
    settings = step.witness.settings(LengthTargets)
    found: list[int] = []
    for group in (g for s in until(step) for g in s.groups):
        tried = [r for r in group if scores([r])]
        right = [r for r in tried if known([r]) == [True]]
        solved = len(right) / len(tried) if tried else 0.0
        if sum(solved >= bound for bound in settings.bounds) == bucket:
            found += [r.length for r in right]
    if len(found) < settings.least:
        return single(settings.targets[bucket])
    place = max(round(settings.quantile * len(found)) - 1, 0)
    return single(min(sorted(found)[place], settings.targets[bucket]))


HAND_EXTENSIONS: dict[str, Callable[[Step], Counted]] = {
    "baseline": baseline,
    "buffered": buffered,
    "entropy_bonus": entropy_bonus,
    "imitation_weight": imitation_weight,
    "implicit_loss": implicit_loss,
    "late_values": late_values,
    "reference_age": lambda s: single(s.number + 1),
    "target_length_0": lambda s: target_length(s, 0),
    "target_length_1": lambda s: target_length(s, 1),
    "target_length_2": lambda s: target_length(s, 2),
    "tracked": tracked,
    "value_loss": lambda s: mean([loss for loss, _ in critic_losses(s)]),
    "value_grad_norm": lambda s: mean([norm for _, norm in critic_losses(s)]),
    "verifier_agrees": verifier_agrees,
    "verifier_pairs": verifier_pairs,
    "verifier_loss": verifier_loss,
    "verifier_probe_accuracy": verifier_probe_accuracy,
    "verifier_frozen": verifier_frozen,
}
