"""Parts of a sampling strategy together, and with what extensions do to their groups."""

from dataclasses import dataclass, replace

import pytest
from recorded import recorded

from whet.data.pool import Pool
from whet.protocols import Corpus, Now, SamplingSetup
from whet.sampling.difficulty import SuccessRates
from whet.sampling.dynamic.learnability import Learnability
from whet.sampling.dynamic.non_zero_spread import NonZeroSpread
from whet.sampling.exploration.fixed_rounds import FixedRounds
from whet.sampling.exploration.questa import Questa
from whet.sampling.exploration.seele import Seele
from whet.sampling.outcomes import metrics_of
from whet.sampling.replay.prioritised_replay import PrioritisedReplay
from whet.sampling.schedules.adarft import Adarft
from whet.sampling.schedules.bandit import Bandit
from whet.sampling.schedules.entropy_temperature import EntropyTemperature
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.puct_reuse import PuctReuse
from whet.sampling.schedules.think_budget import ThinkBudget
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import Decoding, Group, Reason, Task, Ticket, UsageError, Verdict

RIGHT, WRONG = Verdict.binary(correct=True), Verdict.binary(correct=False)


@dataclass(frozen=True)
class Levelled(Corpus):
    """Tasks of levels 1 to 3 in turn."""

    def task(self, split, index):
        info = {"level": 1 + index % 3}
        return Task(id=f"t{index}", prompt=f"{index}?", answer="9", info=info)

    def held_out(self, split, count):
        return []


SETUP = SamplingSetup(
    corpus=Pool(corpus=Levelled(), tasks=12),
    seed=0,
    steps=10,
    demonstrate=lambda _: "first this\nthen that\n9\n",
    ids=lambda _, reply: (*map(ord, reply), 0),
)


def at(step, **more):
    return Now(step=step, steps=10, version=step, metrics={}, **more)


def played(request, *verdicts):
    """The rollouts of a request, with these verdicts in turn."""
    return Group.of(
        [
            recorded(
                task=request.task,
                seed=play.seed,
                hint=play.hint,
                turns=("?", f"reply {play.seed}"),
                tokens=(1, 2),
                chosen=(False, True),
                behaviour_logp=(-0.5,),
                entropy=(0.5,),
                verdict=verdicts[i % len(verdicts)],
            )
            for i, play in enumerate(request.plays)
        ]
    )


def landed(strategy, request, *verdicts, number=0, attempt=0):
    ticket = Ticket(number=number, attempt=attempt, request=request)
    return ticket, strategy.observe(ticket, [played(request, *verdicts).numbered(number)])


def demonstration(task):
    return recorded(
        task=task, tokens=(1, 2), chosen=(False, True), behaviour_logp=(0.0,), forced=1,
        verdict=RIGHT, id="demo",
    )  # fmt: skip


# --- what extensions add to a group


def test_rollouts_that_extensions_add_say_nothing_of_the_bare_task():
    """One right of four is 1/4, whatever was replayed or demonstrated beside it."""
    [request] = Standard(size=Fixed(rollouts=4)).open(SETUP).next(1, at(0))
    group = played(request, RIGHT, WRONG, WRONG, WRONG)
    replayed = replace(group[0], id="earlier")
    joined = group.joined([replayed, replayed, demonstration(group.task)])
    assert [r.joined for r in joined] == [False] * 4 + [True] * 3
    assert metrics_of([joined]) == [1, 0, 0, 0]


def test_added_rollouts_take_no_round_away():
    """2 + 2 rollouts are sampled, though two replayed ones fill up the group of the first round."""
    sizer = FixedRounds(rollouts=2, passes=2).open(SETUP)
    [request] = Standard(size=Fixed(rollouts=2)).open(SETUP).next(1, at(0))
    group = played(request, WRONG)
    joined = group.joined([replace(r, id=f"old{i}", verdict=RIGHT) for i, r in enumerate(group)])
    assert sizer.after(joined).more == 2
    assert sizer.after(joined).more == 0


def test_a_demonstration_is_no_result_without_a_hint():
    """SEELE would take it for accuracy 1 at p = 0; the entropy schedule finds no entropy in it."""
    part = Standard(size=FixedRounds(rollouts=2, passes=2), schedules=(Seele(),))
    alone, joined = (part.open(SETUP) for _ in range(2))
    shares = []
    for strategy in (alone, joined):
        [request] = strategy.next(1, at(0))
        group = played(request, WRONG).numbered(0)
        if strategy is joined:
            group = group.joined([demonstration(group.task)])
        strategy.observe(Ticket(number=0, request=request), [group])
        [again] = strategy.next(1, at(0, round=1, missing=1))
        shares.append([play.hint for play in again.plays])
    assert shares[0] == shares[1]
    live = EntropyTemperature().open(SETUP)
    [request] = Standard(size=Fixed(rollouts=2)).open(SETUP).next(1, at(0))
    group = played(request, RIGHT)
    live.observe(Ticket(number=0, request=request), [group.joined([demonstration(group.task)])])
    assert live.step_ended(at(0))["sampled_entropy"].value == 0.5


# --- rewards that are numbers beyond 0 and 1


def test_a_reward_from_minus_one_to_one_is_a_success_rate():
    rates = SuccessRates(keep=1.0)
    rates.add("t", [-1.0, -1.0, -1.0, -1.0, 1.0])
    assert rates["t"].mean == pytest.approx(2 / 7) and rates["t"].last == pytest.approx(1 / 5)
    rates.add("u", [5.0, 7.0])
    assert rates["u"].mean == pytest.approx(3 / 4)
    assert sum(rates.deciles()) == 2


def test_orders_by_success_rates_take_any_number():
    source = Learnability(per_step=2, temperature=0.7).open(SETUP)
    for score in (-3.0, 40.0):
        reason = Reason.PARTIAL
        verdict = Verdict(reason=reason, score=score, correct=score >= 1, measured=score)
        task = SETUP.corpus.task("train", 0)
        [request] = Standard(size=Fixed(rollouts=4)).open(SETUP).next(1, at(0))
        source.visited(task, [played(request, verdict)])
        assert sum(source.chances().values()) == pytest.approx(1)
        assert min(source.chances().values()) >= 0
        source.step_ended(at(0))


# --- rounds


@pytest.mark.parametrize(
    "schedules",
    [
        (ThinkBudget(shortest=1, longest=90), Questa()),
        (Questa(), ThinkBudget(shortest=1, longest=90)),
        (PuctReuse(), ThinkBudget(shortest=1, longest=90), Questa()),
        (Questa(), PuctReuse(), ThinkBudget(shortest=1, longest=90)),
    ],
)
def test_all_rounds_of_a_task_have_one_prompt(schedules):
    part = Standard(
        prompts=Uniform(per_step=1),
        size=FixedRounds(rollouts=2, passes=3),
        schedules=schedules,
        decoding=Decoding(max_new_tokens=99),
    )
    strategy = part.open(replace(SETUP, corpus=Pool(corpus=Levelled(), tasks=1)))
    for step in range(4):
        asked = []
        for number in range(3):
            [request] = strategy.next(1, at(step, round=number, missing=1))
            landed(strategy, request, RIGHT, WRONG, number=step, attempt=number)
            bare = request.task.prompt
            asked += [bare if play.prompt is None else play.prompt for play in request.plays]
            assert request.task.info["length"] <= 90
        strategy.step_ended(at(step))
        assert len(asked) == 6 and len(set(asked)) == 1


# --- places of a batch


def test_surplus_groups_bring_no_replayed_ones():
    """3 fresh groups to 1 recalled is a share of 1/4, of those that the batch has room for."""
    part = Standard(
        prompts=Uniform(per_step=3),
        size=Fixed(rollouts=2),
        gate=NonZeroSpread(oversample=4.0, max_rounds=1),
        replay=PrioritisedReplay(share=0.25),
    )
    strategy = part.open(SETUP)
    for step in range(2):
        recalled = [
            group
            for i, request in enumerate(strategy.next(12, at(step, missing=3)))
            for group in landed(strategy, request, RIGHT, WRONG, number=100 * step + i)[1]
            if group.ticket != 100 * step + i
        ]
        assert len(recalled) == step
        strategy.step_ended(at(step))


def test_adarft_replaces_rejected_tasks_by_others():
    """Four tasks of each of three levels; a step that wants 4, 4 and 4 gets all twelve."""
    source = Adarft(per_step=4).open(SETUP)
    drawn = [task for number in range(3) for task in source.next(4, at(0, round=number))]
    assert [task.info["level"] for task in drawn] == [1] * 4 + [2] * 4 + [3] * 4
    assert len({task.id for task in drawn}) == 12
    assert {task.info["level"] for task in source.next(4, at(1))} == {1}


def test_adarft_takes_no_task_twice_where_its_window_meets_two_epochs():
    source = Adarft(per_step=4, window=8).open(SETUP)
    for step in range(9):
        drawn = source.next(4, at(step))
        assert len({task.id for task in drawn}) == 4


def test_odd_levels_are_refused():
    with pytest.raises(UsageError, match=r"sampling\.prompts\.levels is 1, 1"):
        Bandit(levels=("1", "1")).open(SETUP)

    @dataclass(frozen=True)
    class Unknown(Levelled):
        def task(self, split, index):
            return replace(Levelled.task(self, split, index), info={"level": float("nan")})

    with pytest.raises(UsageError, match=r"sampling\.prompts\.key is 'level', which is nan"):
        Adarft().open(replace(SETUP, corpus=Pool(corpus=Unknown(), tasks=3)))
