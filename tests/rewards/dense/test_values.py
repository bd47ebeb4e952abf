"""Values by playing on: hand numbers, and a real engine that goes on from a prefix."""

import asyncio

import pytest
from recorded import recorded
from said import Marks, asked, replied, together

from whet.engines.embedded.engine import Embedded
from whet.engines.models import FromScratch
from whet.rewards.dense import Hard, Separated, Soft, Surprises
from whet.rewards.dense.monte_carlo import best_of, differences, noise
from whet.rewards.dense.progress import Progress
from whet.rewards.dense.segments import Segments
from whet.rewards.dense.shepherd import Shepherd
from whet.rewards.dense.vine import Vine
from whet.types import Decoding, Request, Task, UsageError

CUTS = Separated(mark=";")


class Solving:
    """Continuations of which a given share is right, by how many tokens are given."""

    def __init__(self, shares):
        self.shares, self.requests = shares, []

    async def __call__(self, request):
        self.requests.append(request)
        [prefix] = {play.prefix for play in request.plays}
        right = round(self.shares[len(prefix)] * len(request.plays))
        words = ["42"] * right + ["7"] * (len(request.plays) - right)
        return together(replied(w, task=request.task) for w in words)


def test_vineppo_by_hand():
    """V̂ = .25, .5, .5, R = 1 → A = .25, 0, .5, which sum to R − V̂_0."""
    play = Solving({0: 0.25, 2: 0.5, 4: 0.5})
    [found] = asked(Vine(count=4, cuts=CUTS, inner=Marks()), [replied("a;b;42")], play)
    assert found.credit == (0.25, 0.25, 0, 0, 0.5, 0.5)
    assert found.parts == {"value": 0.25, "steps": 3, "signal": 0}
    assert sum(differences([0.25, 0.5, 0.5], 1.0)) == pytest.approx(0.75)
    assert {p.prefix for p in play.requests[1].plays} == {(10, 11)}
    seeds = [p.seed for request in play.requests for p in request.plays]
    assert len(set(seeds)) == 12
    assert noise(0.5, 9) == pytest.approx(0.167, abs=1e-3)


def test_shepherd_by_hand():
    """Continuations right 3/4, 1/4, 0/4 → soft .75, .25, 0, hard 1, 1, 0."""
    for label, wanted in ((Soft(), (0.75, 0.25, 0)), (Hard(), (1, 1, 0))):
        play = Solving({2: 0.75, 4: 0.25, 6: 0.0})
        judge = Shepherd(count=4, label=label, cuts=CUTS, inner=Marks())
        [found] = asked(judge, [replied("a;b;c;7")], play)
        assert tuple(found.credit[k] for k in (1, 3, 5)) == wanted
        assert found.credit[6] == 0 and found.correct is False


def test_progress_by_hand():
    """Q .2 → .4, K = 4: prover .590 → .870, progress .280."""
    assert best_of(0.2, 4) == pytest.approx(0.590, abs=1e-3)
    play = Solving({0: 0.2, 2: 0.4})
    [found] = asked(Progress(alpha=1.0, count=5, cuts=CUTS, inner=Marks()), [replied("a;42")], play)
    assert found.credit == pytest.approx((0, 0.280, 0, 0.1296), abs=1e-3)


def test_segments_by_hand():
    """π = .99, .5, .95, .6, V̂ .2 then .6, R = 1 → 0, .4, 0, .4."""
    rollout = replied("xx42", probabilities=(0.99, 0.5, 0.95, 0.6))
    judge = Segments(count=5, cuts=Surprises(every=1), inner=Marks())
    [found] = asked(judge, [rollout], Solving({0: 0.2, 2: 0.6}))
    assert found.credit == pytest.approx((0, 0.4, 0, 0.4))
    assert Surprises(every=2)(replied("xxxx42", probabilities=(0.5,) * 6)) == [2, 4]


def test_a_chain_of_which_nobody_can_judge_the_rest_is_a_fault():
    async def play(request):
        return together(replied("fault", task=request.task) for _ in request.plays)

    [found] = asked(Vine(cuts=CUTS, inner=Marks()), [replied("a;42")], play)
    assert found.fault and "no continuation" in found.note


def test_several_turns_are_refused():
    rollout = recorded(
        task=Task(id="t", prompt="?", answer="42"),
        seed=0,
        turns=("?", "a", "!", "42"),
        tokens=(1, 2, 3, 4),
        chosen=(False, True, False, True),
        behaviour_logp=(-1.0, -1.0),
        char_ends=(1, 2),
    )
    with pytest.raises(UsageError, match="played in 2 turns"):
        asked(Vine(cuts=CUTS, inner=Marks()), [rollout], Solving({}))
    with pytest.raises(UsageError, match=r"vine\.count"):
        Vine(count=0)


@pytest.fixture(scope="module")
def player():
    return asyncio.run(
        Embedded(device="cpu", slots=64, threads=1).player(FromScratch(shape="llama-tiny"), seed=3)
    )


def test_the_embedded_engine_says_what_each_token_says_and_plays_on(player):
    decoding = Decoding(max_new_tokens=12, stop=("a",))
    task = Task(id="p", prompt="3+4=", answer="7")

    async def play(request):
        [group] = await player.play(request)
        return group

    group = asyncio.run(play(Request.of(task, (1, 2, 3, 4), decoding)))
    for rollout in group:
        mine = rollout.chosen_ids.tolist()
        ends = [len(player.renderer.text(mine[: n + 1])) for n in range(len(mine))]
        assert rollout.char_ends.tolist() == ends and ends[-1] == len(rollout.reply)
        told = player.renderer.char_ends(mine, rollout.reply)
        assert rollout.char_ends.tolist() == told.tolist()
    judge = Vine(count=2, cuts=Surprises(every=4), decoding=decoding, inner=Marks())
    found = asked(judge, group, play)
    assert all(len(v.credit) == r.length for v, r in zip(found, group, strict=True))
    again = asked(judge, group, play)
    assert [v.credit for v in found] == [v.credit for v in again]
    spoken = tuple(group[0].chosen_ids.tolist())
    [more] = asyncio.run(play(Request.of(task, (9,), decoding, spoken[:3])))
    assert more.forced_len == 3 and len(more.char_ends) == more.length
    assert tuple(more.chosen_ids[:3].tolist()) == spoken[:3]
