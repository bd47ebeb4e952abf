"""SEELE: hints from round to round, by an item-response curve."""

import json
from random import Random

import pytest
from recorded import recorded
from sampling.hinted import asked, landed, now, setup_of, task_of

from whet.protocols import Now
from whet.sampling.exploration.fixed_rounds import FixedRounds
from whet.sampling.exploration.response_curve import ItemResponse
from whet.sampling.exploration.seele import Seele
from whet.types import Group, RunSpec, UsageError, Verdict

CURVE = ItemResponse(k=19.03, mu=-0.64, b=0.45)
TASK = task_of(answer="")
SETUP = setup_of({"t": "x" * 100})


def results(share, accuracy, count=64):
    """`count` outcomes with this accuracy, rounded to one of them."""
    right = round(accuracy * count)
    return [(share, 1.0)] * right + [(share, 0.0)] * (count - right)


def test_the_curve_by_hand():
    assert CURVE(0.5) == pytest.approx(0.486, abs=5e-4)
    assert CURVE(0.64) == pytest.approx(0.725, abs=5e-4)
    assert CURVE.inverse(0.5) == pytest.approx(0.519, abs=5e-4)
    assert CURVE.inverse(0.6) == pytest.approx(0.588, abs=5e-4)
    assert CURVE.inverse(0.45) == CURVE.inverse(0.1) == 0.0  # guessing is enough
    assert CURVE.inverse(1.0) == 1.0
    assert ItemResponse(k=5, mu=-0.1, b=0).inverse(0.1) == 0.0  # p below 0


@pytest.mark.parametrize("curve", [CURVE, ItemResponse(8, -0.4, 0.1), ItemResponse(15, -0.6, 0.2)])
def test_a_fit_to_four_rounds_finds_the_curve(curve):
    told = [pair for p in (0.2, 0.45, 0.6, 0.8) for pair in results(p, curve(p))]
    Random(1).shuffle(told)
    found = ItemResponse.fitted(told)
    for name in ("k", "mu", "b"):
        assert getattr(found, name) == pytest.approx(getattr(curve, name), rel=0.1)


def test_a_fit_without_or_with_few_results():
    start = ItemResponse.fitted([])
    assert 0 < start.inverse(0.5) < 1
    failed = ItemResponse.fitted(results(0.3, 0.0))
    solved = ItemResponse.fitted(results(0.3, 1.0))
    assert failed.inverse(0.5) > 0.3 > solved.inverse(0.5)


def landing(live, request, curve, number=0, attempt=0, right=None):
    """The request has landed with outcomes that follow the curve, or with `right` of them."""
    ticket = landed(request, number, attempt)
    plays = request.plays
    count = round(curve(plays[0].hint) * len(plays)) if right is None else right
    group = Group.of(
        [
            recorded(
                task=request.task,
                seed=play.seed,
                hint=play.hint,
                verdict=Verdict.binary(correct=i < count),
            )
            for i, play in enumerate(plays)
        ]
    )
    live.observe(ticket, [group])
    return ticket


def shares(request):
    [share] = {play.hint for play in request.plays}
    assert all(len(p.prefix) == round(100 * p.hint) for p in request.plays)
    return share


def visit(live, curve, step=0, rounds=4, count=64):
    """The shares of the rounds of one visit."""
    found, before = [], None
    for attempt in range(rounds):
        request = live.apply(asked(TASK, count, before), now(step))
        found.append(shares(request))
        before = landing(live, request, curve, step, attempt)
    live.step_ended(now(step))
    return found


def test_rounds_approach_a_half_and_the_next_visit_begins_there():
    curve = ItemResponse(k=8, mu=-0.4, b=0.1)
    live = Seele().open(SETUP)
    first = visit(live, curve)
    assert first[0] == 0.9 and curve(first[-1]) == pytest.approx(0.5, abs=0.1)
    again = Seele().open(SETUP)
    again.load_state_dict(json.loads(json.dumps(live.state_dict())))
    later = visit(live, curve, step=7)
    assert later == visit(again, curve, step=7)
    assert curve(later[0]) == pytest.approx(0.5, abs=0.1)
    assert live.state_dict() == again.state_dict() and not live.visits


def test_no_hint_where_guessing_is_enough():
    live = Seele().open(SETUP)
    assert visit(live, ItemResponse(k=10, mu=-0.5, b=0.9))[-1] == 0.0


def test_faults_leave_a_share_as_it_is():
    live = Seele(first=0.3).open(SETUP)
    request = live.apply(asked(TASK, 2), now())
    fault = recorded(task=TASK, hint=0.3, verdict=Verdict.unjudged("away"))
    live.observe(landed(request), [Group.of([fault])])
    assert shares(live.apply(asked(TASK, 2, landed(request)), now())) == 0.3


def test_two_tickets_of_one_task_keep_their_rounds_apart():
    live = Seele().open(SETUP)
    one, other = (live.apply(asked(TASK), now()) for _ in range(2))
    easy = landing(live, one, CURVE, 0, right=4)
    hard = landing(live, other, CURVE, 1, right=0)
    told = [shares(live.apply(asked(TASK, 4, ticket), now())) for ticket in (easy, hard)]
    assert told[0] < told[1]


def test_a_size_with_rounds_fills_its_group():
    part = FixedRounds(rollouts=3, passes=3)
    sizer = part.open(SETUP)
    assert part.always == 9 and part.rounds == 2
    assert sizer.first([TASK, TASK], Now(step=0, steps=1, version=0, metrics={})) == [3, 3]
    rollouts = [recorded(task=TASK, seed=i) for i in range(9)]
    more = [sizer.after(Group.of(rollouts[:n])).more for n in (3, 5, 9)]
    assert more == [3, 3, 0]  # whatever an extension added, or took away
    with pytest.raises(UsageError, match=r"sampling\.size\.rollouts is 0"):
        FixedRounds(rollouts=0)
    with pytest.raises(UsageError, match=r"sampling\.size\.passes is 0"):
        FixedRounds(passes=0)


def test_a_single_round_is_told():
    spec = RunSpec(samples=4, max_new_tokens=9, steps=9, minibatches=1, demonstrates=True)
    assert "--sampling.size fixed_rounds" in Seele().run_warning(spec)
    with pytest.raises(UsageError, match=r"seele\.target is 1"):
        Seele(target=1.0)
    with pytest.raises(UsageError, match=r"seele\.first is 2"):
        Seele(first=2.0)
