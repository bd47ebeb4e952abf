"""Each dense reward against its equation, computed again in plain Python from the paper.

Groups are drawn at random: of one to seven replies, all right, all wrong, with ties, empty and
truncated replies, replies that can't be judged, replies of unequal length, blank lines.  Entropies
reach the rewards as float32.
"""

import math
import statistics
from dataclasses import dataclass, replace
from random import Random

import pytest
from recorded import recorded
from rederived import ANSWER, drawn, spans_of
from said import Marks, Opinion, asked, replied

from whet.rewards.dense import AtEnd, Each, MinForm, Separated, Spread
from whet.rewards.dense.grpo_s import GrpoS
from whet.rewards.dense.gtpo import Gtpo
from whet.rewards.dense.planning import Planning
from whet.rewards.dense.process_model import ProcessModel
from whet.rewards.dense.turn_level import TurnLevel
from whet.types import Finish, Reason, Task, Verdict

SEEDS = range(120)
ENTROPIES = (0.0, 1e-4, 0.1, 0.3, 0.3, 1.0, 2.7, 11.9)


def group_of(rng):
    """Some replies with an entropy per token; equal ones in every tenth group."""
    kind = rng.choice(["right", "wrong", "any", "any"])
    texts = [drawn(rng, kind) for _ in range(rng.randint(1, 7))]
    if rng.random() < 0.1:
        texts = [texts[0]] * len(texts)
    return [
        replied(
            text,
            entropy=[rng.choice(ENTROPIES) for _ in text],
            finish=rng.choice([Finish.STOP, Finish.LENGTH]),
        )
        for text in texts
    ]


def status(rollout):
    """Whether the reply is right; None where it can't be judged, and is in no sum."""
    return None if "fault" in rollout.reply else rollout.reply.endswith(ANSWER)


def shared(weights):
    """Shares n w_i / Σ_k w_k, which are 1 where all weights are 0."""
    total = math.fsum(weights)
    return [len(weights) * w / total if total else 1.0 for w in weights]


def weighed(entropy, right):
    """H for right replies, 1/H for wrong ones, where an H of 0 counts as one millionth."""
    return entropy if right else 1 / max(entropy, 1e-6)


def gtpo_credit(group, alpha):
    """r̃ − r of every token, with α₁ = 1 − α and α₂ = α."""
    credit = [[0.0] * r.length for r in group]
    for right in (True, False):
        sign = 1 if right else -1
        side = [i for i, r in enumerate(group) if status(r) is right]
        for t in range(max((group[i].length for i in side), default=0)):
            alive = [i for i in side if group[i].length > t]
            weights = [weighed(float(group[i].entropy[t]), right) for i in alive]
            for i, share in zip(alive, shared(weights), strict=True):
                credit[i][t] = alpha * sign * (share - 1)
    return credit


@pytest.mark.parametrize("alpha", [0.5, 0.1, 1.0])
def test_gtpo(alpha):
    """r̃_{i,t} = α₁ r_i + α₂ r_i d_t H_{i,t} / Σ_k H_{k,t}, the sum over the d_t right replies that
    reach position t, r = 1; wrong replies have r = −1 and 1/H in the place of H.

    arXiv:2508.04349, equations 3 and 5, as a public re-implementation states them; the paper's
    own α₂ = 0.1 (with α₁ = 1, which adds the constant α₂) was read there, too.
    """
    for seed in SEEDS:
        group = group_of(Random(seed))
        found = asked(Gtpo(inner=Marks(), alpha=alpha), group)
        for verdict, rollout, wanted in zip(found, group, gtpo_credit(group, alpha), strict=True):
            if status(rollout) is None:
                assert verdict.fault
                continue
            assert verdict.score == float(status(rollout))
            assert verdict.credit == pytest.approx(wanted, abs=1e-5, rel=1e-5), seed


@pytest.mark.parametrize("alpha", [0.5, 0.1])
def test_grpo_s(alpha):
    """R_i + α r_i (n Ĥ_i / Σ_k Ĥ_k − 1), Ĥ the mean entropy of a reply, over the n right replies;
    wrong ones have r = −1 and 1/Ĥ.  A reply without tokens has no entropy and is in no sum.

    arXiv:2508.04349, the sequence form of the same equations (from memory).
    """
    for seed in SEEDS:
        group = group_of(Random(seed))
        found = asked(GrpoS(inner=Marks(), alpha=alpha), group)
        wanted = [float(bool(status(r))) for r in group]
        for right in (True, False):
            side = [i for i, r in enumerate(group) if status(r) is right and r.length]
            means = [math.fsum(map(float, group[i].entropy)) / group[i].length for i in side]
            for i, share in zip(side, shared([weighed(h, right) for h in means]), strict=True):
                wanted[i] += alpha * (1 if right else -1) * (share - 1)
        for verdict, rollout, score in zip(found, group, wanted, strict=True):
            if status(rollout) is None:
                assert verdict.fault
            else:
                assert verdict.score == pytest.approx(score, abs=1e-5), seed


PHRASES = ("let me", "wait", "straße", "we need to")
PIECES = ("Wait", "wait", "await", "Let me", "LET  ME", "let me", "İ", "ß", "ﬁ", "Straße", "straße",
          "we", "need to", "We need\nto", " ", " ", ", ", "7", "let", "\n")  # fmt: skip


def planned(reply):
    """Tokens of the words of a phrase and of the blanks between them, word by word, in any case."""
    marked, words = [0.0] * len(reply), []
    for at, char in enumerate(reply):
        if char.isalnum():
            begun = words and words[-1][1] == at
            words[-1:] = [(words[-1][0], at + 1)] if begun else [*words[-1:], (at, at + 1)]
    for phrase in PHRASES:
        sought = phrase.split()
        for here in zip(*(words[n:] for n in range(len(sought))), strict=False):
            said = [reply[a:b].lower() for a, b in here]
            gaps = [reply[a[1] : b[0]] for a, b in zip(here, here[1:], strict=False)]
            if said == sought and not any(gap.strip() for gap in gaps):
                marked[here[0][0] : here[-1][1]] = [1.0] * (here[-1][1] - here[0][0])
    return tuple(marked)


def test_planning():
    """1 for the tokens of a strategic gram, which is an n-gram of words, and 0 for the others.

    arXiv:2509.03646, section on strategic grams (from memory); `hicra` makes A + α |A| of it.
    """
    for seed in range(1500):
        rng = Random(seed)
        reply = "".join(rng.choice(PIECES) for _ in range(rng.randrange(8)))
        [found] = asked(Planning(inner=Marks(), phrases=PHRASES), [replied(reply)])
        assert found.credit == planned(reply), reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """A step model that knows nothing: a fixed number for every place of every text."""

    def scores(self, rollouts):
        return [[Random(r.reply[: n + 1]).random() for n in range(r.length)] for r in rollouts]


@pytest.mark.parametrize("mark", [";", "\n\n"])
@pytest.mark.parametrize("form", ["each", "least"])
@pytest.mark.parametrize("place", ["end", "spread"])
def test_process_model(mark, form, place):
    """A step k has w · (low + (high − low) p_k) at its last token: PRM, arXiv:2305.20050.

    The least form: w · r_k exp(−r_k / T) / Σ_j exp(−r_j / T), T = 0.1, on r before the weight:
    PURE, arXiv:2504.15275, and its function `turn_process_reward_logits_to_reward`.
    """
    forms, places = {"each": Each(), "least": MinForm()}, {"end": AtEnd(), "spread": Spread()}
    judge = ProcessModel(
        model=Hashed(), cuts=Separated(mark=mark), inner=Marks(), form=forms[form],
        place=places[place], weight=0.2,
    )  # fmt: skip
    for seed in SEEDS:
        [rollout] = [replied(drawn(Random(seed), "any").replace("fault", "").replace("b", mark))]
        reply, [found] = rollout.reply, asked(judge, [rollout])
        spans = spans_of(reply, mark)
        rewards = [2 * Random(reply[:end]).random() - 1 for _, end in spans]
        if form == "least":
            weights = [math.exp(-r / 0.1) for r in rewards]
            rewards = [r * w / math.fsum(weights) for r, w in zip(rewards, weights, strict=True)]
        wanted = [0.0] * len(reply)
        for (start, end), reward in zip(spans, rewards, strict=True):
            for n in range(start if place == "spread" else end - 1, end):
                wanted[n] = 0.2 * reward
        assert found.credit == pytest.approx(wanted, abs=1e-6), (reply, seed)
        assert found.score == float(reply.endswith(ANSWER))


def test_blank_lines_are_worth_nothing():
    """One step with or without blank lines around it: the sum of the credits is p's alone."""
    judge = ProcessModel(model=Hashed(), form=Each(), inner=Marks(), weight=1.0)
    for blank in ("", "\n\n", "\n\n" * 20, "\n\n \n\n\t\n\n"):
        [found] = asked(judge, [replied("so 42" + blank)])
        assert len([c for c in found.credit if c]) == 1, blank
        [found] = asked(judge, [replied("so\n\n" + blank + "42")])
        assert len([c for c in found.credit if c]) == 2, blank
    [found] = asked(judge, [replied("\n\n" * 20)])
    assert len([c for c in found.credit if c]) == 1  # the reply itself is a step


def two_turns(opinion, *, turns=2):
    """A reply to the environment, with this opinion of the turns, after `turns` − 1 others."""
    calls = ("call", "seen") * (turns - 1)
    chosen = (False, *(True, True, False) * (turns - 1), True, True)
    return recorded(
        task=Task(id="t", prompt="?", answer=ANSWER),
        seed=0,
        turns=("?", *calls, f"<{opinion}> {ANSWER}"),
        tokens=tuple(range(len(chosen))),
        chosen=chosen,
        behaviour_logp=(-1.0,) * sum(chosen),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Marks):
    """Right or wrong; replies with an odd opinion above 10 can't be judged."""

    def score(self, rollout):
        value = Opinion().score(rollout)
        if value.reason is Reason.PARTIAL and value.score > 10:
            return Verdict.unjudged("no outcome")
        return Verdict.binary(correct=True)


def test_turn_level():
    """Tokens before the last reply have c (s − mean s) / std s; std with n − 1.

    arXiv:2505.11821, and the authors' `_compute_normalized_advantages` and `_assign_advantages`.
    Members without a verdict, of the turns or of the outcome, are in neither mean nor std.
    """
    for seed in SEEDS:
        rng = Random(seed)
        pool = [[0, 1], [0.1 + 0.2, 0.3], [0.7], [0, 0.5, 2, "0> dumb <", 11]][seed % 4]
        opinions = [rng.choice(pool) for _ in range(rng.randint(1, 7))]
        turns = [rng.randint(1, 3) for _ in opinions]
        group = [two_turns(o, turns=n) for o, n in zip(opinions, turns, strict=True)]
        found = asked(TurnLevel(turn=Opinion(), inner=Outcome(), weight=0.5), group)
        judged = [o for o in opinions if o != 11 and not isinstance(o, str)]
        spread = statistics.stdev(judged) if len(judged) > 1 else 0.0
        for verdict, opinion, count in zip(found, opinions, turns, strict=True):
            if opinion == 11 or isinstance(opinion, str):
                assert verdict.fault
                continue
            flat = spread < 1e-9
            value = 0.0 if flat else 0.5 * (opinion - statistics.fmean(judged)) / spread
            wanted = [value] * 2 * (count - 1) + [0.0, 0.0]
            assert verdict.credit == pytest.approx(wanted, abs=0 if flat else 1e-4), opinions


def test_a_weight_scales_and_nothing_else():
    """r(w) = w r(1), which a form that looks at weighed rewards would break."""
    judge = ProcessModel(model=Hashed(), cuts=Separated(mark=";"), inner=Marks(), weight=1.0)
    [whole] = asked(judge, [replied("a;b;c;42")])
    [part] = asked(replace(judge, weight=0.01), [replied("a;b;c;42")])
    assert part.credit == pytest.approx([0.01 * c for c in whole.credit], abs=1e-9)
