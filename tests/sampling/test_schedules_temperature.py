"""Temperatures that change during a run."""

import json
from dataclasses import replace
from math import exp, log

import pytest
from recorded import NOW, recorded

from whet.protocols import Corpus, LiveSchedule, Now, SamplingSetup, Schedule
from whet.sampling.schedules.annealed_temperature import AnnealedTemperature, CosineCurve
from whet.sampling.schedules.entropy_temperature import EntropyTemperature
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.staged_temperature import StagedTemperature
from whet.sampling.schedules.stages import AtShares, AtSteps, EvenStages
from whet.sampling.schedules.temperature_search import TemperatureSearch
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.types import (
    Decoding,
    Group,
    Play,
    Request,
    Span,
    Task,
    Ticket,
    UsageError,
    Verdict,
)

TASK = Task(id="t", prompt="?")


class Numbered(Corpus):
    """Task i of a split."""

    def task(self, split, index):
        return Task(id=f"{split}/{index}", prompt="?")

    def held_out(self, split, count):
        return [self.task(split, i) for i in range(count)]


SETUP = SamplingSetup(corpus=Numbered(), seed=0, steps=12)


def at(step, steps=12):
    return Now(step=step, steps=steps, version=step, metrics={})


def request(temperature=1.0, plays=2, **fields):
    how = Decoding(temperature=temperature)
    found = tuple(Play(seed=seed, decoding=how) for seed in range(plays))
    return Request(task=TASK, plays=found, **fields)


def heats(asked):
    return [play.decoding.temperature for play in asked.plays]


def heat(live, step, steps=12):
    (found,) = set(heats(live.apply(request(), at(step, steps))))
    return found


def reloaded(part, live):
    """A fresh half with the state of another one, as a checkpoint keeps it."""
    fresh = part.open(SETUP)
    fresh.load_state_dict(json.loads(json.dumps(live.state_dict())))
    return fresh


@pytest.mark.parametrize(
    ("starts", "stages"),
    [
        (EvenStages(), [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]),
        (AtShares(shares=(0.25, 0.5)), [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2]),
        (AtSteps(steps=(1, 11)), [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]),
    ],
)
def test_a_stage_begins_where_it_is_told_to(starts, stages):
    assert [starts.stage(at(step), 3) for step in range(12)] == stages
    live = StagedTemperature(temperatures=(0.7, 1.0, 1.1), starts=starts).open(SETUP)
    assert [heat(live, step) for step in range(12)] == [(0.7, 1.0, 1.1)[s] for s in stages]


def test_a_run_that_goes_on_beyond_its_steps_stays_in_the_last_stage():
    assert EvenStages().stage(at(12), 3) == EvenStages().stage(at(30), 3) == 2
    assert EvenStages().stage(at(0, steps=0), 3) == 0


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: StagedTemperature(temperatures=()), ".staged_temperature.temperatures is"),
        (lambda: StagedTemperature(temperatures=(1.0, 0.0)), ".staged_temperature.temperatures is"),
        (lambda: StagedTemperature(starts=AtSteps(steps=(3,))), ".staged_temperature.starts has 1"),
        (lambda: AtShares(shares=(0.5, 0.4)), ": starts.shares is"),
        (lambda: AtShares(shares=(0.5, 1.0)), ": starts.shares is"),
        (lambda: AtSteps(steps=(0,)), ": starts.steps is"),
        (lambda: AnnealedTemperature(last=0.0), ".annealed_temperature.last is"),
        (lambda: EntropyTemperature(target=0.0), ".entropy_temperature.target is"),
        (lambda: EntropyTemperature(least=2.0), ".entropy_temperature.most is"),
        (lambda: TemperatureSearch(grid=(1.0, 0.9)), ".temperature_search.grid is"),
        (lambda: TemperatureSearch(groups=0), ".temperature_search.groups is"),
        (lambda: TemperatureSearch(tolerance=1.0), ".temperature_search.tolerance is"),
        (lambda: TemperatureSearch(starts=AtSteps(steps=(3,))), ".temperature_search.starts has 1"),
    ],
)
def test_a_wrong_setting_is_named(make, told):
    with pytest.raises(UsageError) as refused:
        make()
    assert str(refused.value).startswith(f"sampling.schedules{told}") and "\n" not in str(
        refused.value
    )


def test_annealing_begins_and_ends_where_it_is_told_to():
    straight = AnnealedTemperature(first=1.2, last=0.8).open(SETUP)
    assert [heat(straight, step, 5) for step in range(5)] == pytest.approx([1.2, 1.1, 1, 0.9, 0.8])
    cosine = AnnealedTemperature(first=0.8, last=1.2, curve=CosineCurve()).open(SETUP)
    # a quarter of the way is (1 − √½) / 2 of the difference
    found = [heat(cosine, step, 5) for step in range(6)]
    assert found == pytest.approx([0.8, 0.858579, 1.0, 1.141421, 1.2, 1.2], abs=1e-6)


def test_further_plays_of_a_task_keep_the_temperature_of_the_first_ones():
    live = StagedTemperature(temperatures=(0.7, 1.0)).open(SETUP)
    first = Ticket(number=0, request=request(temperature=0.7))
    assert heats(live.apply(request(completes=first), at(11))) == [0.7, 0.7]


def test_a_play_that_goes_on_from_a_rollout_keeps_the_temperature_of_its_tokens():
    live = StagedTemperature(temperatures=(0.7, 1.0)).open(SETUP)
    begun = replace(entropic(0.1), decoding=Decoding(temperature=0.7))
    asked = request()
    plays = (replace(asked.plays[0], begun=(begun, 1)), asked.plays[1])
    assert heats(live.apply(replace(asked, plays=plays), at(11))) == [0.7, 1.0]


def entropic(*entropy, forced=0, **fields):
    count = len(entropy)
    return recorded(
        task=TASK,
        tokens=[0] * count,
        chosen=[True] * count,
        behaviour_logp=[-1.0] * count,
        entropy=entropy,
        forced=forced,
        **fields,
    )


def heard(live, step, *rollouts):
    """One step with these rollouts; the metric that it logs."""
    ticket = Ticket(number=step, request=live.apply(request(), at(step)))
    live.observe(ticket, [Group.of(rollouts)] if rollouts else [])
    return live.step_ended(at(step))["sampled_entropy"]


def test_log_temperature_moves_by_the_distance_to_the_target():
    """H = (0.1 + 0.2 + 0.6) / 3 = 0.3, then 0.1 (log T rises by 0.01), then 0.7 (falls by 0.02)."""
    live = EntropyTemperature().open(SETUP)
    assert heard(live, 0, entropic(0.1, 0.2), entropic(0.6)).value == pytest.approx(0.3)
    assert heat(live, 1) == pytest.approx(1.0)
    heard(live, 1, entropic(0.1))
    assert log(heat(live, 2)) == pytest.approx(0.01)
    heard(live, 2, entropic(0.7, 0.7))
    assert log(heat(live, 3)) == pytest.approx(-0.01)
    heard(live, 3)  # a step of nothing moves nothing
    assert log(heat(live, 4)) == pytest.approx(-0.01)


def test_entropies_of_external_and_of_shared_tokens_are_left_out():
    live = EntropyTemperature().open(SETUP)
    hinted = entropic(9.0, 0.2, forced=1)
    branch = entropic(9.0, 9.0, 0.4, parent="root", forked_at=2)
    late = replace(entropic(0.3, 9.0), spans=(Span(1, NOW), Span(1)))
    found = heard(live, 0, hinted, branch, late)
    assert (found.count, found.value) == (3, pytest.approx(0.3))


def test_the_temperature_stays_within_its_bounds():
    settings = EntropyTemperature(rate=1.0, least=0.5, most=2.0)
    assert settings.after(1.9, 0.0) == 2.0
    assert settings.after(0.6, 5.0) == 0.5
    assert settings.after(1.0, 0.0) == pytest.approx(exp(0.3))


def test_the_temperature_starts_at_that_of_the_plays():
    live = EntropyTemperature().open(SETUP)
    assert heats(live.apply(request(temperature=0.6), at(0))) == [0.6, 0.6]


def test_an_engine_without_entropies_is_refused():
    live = EntropyTemperature().open(SETUP)
    bare = replace(entropic(0.5), entropy=None)
    with pytest.raises(UsageError, match="entropy_temperature needs entropies"):
        heard(live, 0, bare)


def test_a_controller_finds_the_temperature_of_its_target():
    """A policy whose entropy is 0.2 T²: the target 0.3 is met at T = √1.5."""
    live = EntropyTemperature(rate=0.5).open(SETUP)
    for step in range(100):
        heard(live, step, entropic(0.2 * heat(live, step) ** 2))
    assert heat(live, 100) == pytest.approx(1.5**0.5, rel=1e-4)


def test_entropy_control_goes_on_where_it_stood():
    part = EntropyTemperature()
    live = part.open(SETUP)
    heard(live, 0, entropic(0.05))
    fresh = reloaded(part, live)
    for step in (1, 2):
        assert heard(live, step, entropic(0.4)) == heard(fresh, step, entropic(0.4))
        assert heat(live, step + 1) == heat(fresh, step + 1)


GRID = (0.6, 1.0, 1.4)


def judged(temperature, right, of=4, **fields):
    """A group with so many right rollouts."""
    how = Decoding(temperature=temperature)
    verdicts = [Verdict.binary(correct=i < right) for i in range(of)]
    rollouts = [entropic(0.1, seed=i, verdict=v, decoding=how) for i, v in enumerate(verdicts)]
    return Group.of([replace(r, **fields) for r in rollouts])


def searched(live, step, accuracy, tasks=3):
    """One step in which the policy has an accuracy at each temperature; its temperatures."""
    used = []
    for place in range(tasks):
        asked = live.apply(request(), at(step))
        (temperature,) = set(heats(asked))
        ticket = Ticket(number=step * tasks + place, request=asked)
        live.observe(ticket, [judged(temperature, accuracy[temperature])])
        used.append(temperature)
    return used, live.step_ended(at(step))["temperature_searched"].value


def search(**fields):
    return TemperatureSearch(grid=GRID, groups=2, tolerance=0.1, stages=2, **fields)


@pytest.mark.parametrize(
    ("accuracy", "chosen"),
    [
        ({0.6: 3, 1.0: 4, 1.4: 0}, 1.0),  # the highest one collapses
        ({0.6: 3, 1.0: 3, 1.4: 3}, 1.4),  # none is worse: the highest one
        ({0.6: 4, 1.0: 3, 1.4: 2}, 0.6),  # each step costs a quarter, more than the tolerance
    ],
)
def test_a_search_finds_the_highest_temperature_that_keeps_the_accuracy(accuracy, chosen):
    live = search().open(SETUP)
    assert searched(live, 0, accuracy) == ([0.6, 1.0, 1.4], 1)
    assert searched(live, 1, accuracy) == ([0.6, 1.0, 1.4], 1)  # two groups each
    assert searched(live, 2, accuracy) == ([chosen] * 3, 0)
    assert searched(live, 5, accuracy)[0] == [chosen] * 3
    assert searched(live, 6, accuracy) == ([0.6, 1.0, 1.4], 1)  # the second stage of 12 steps


def test_an_accuracy_just_within_the_tolerance_is_kept():
    part = TemperatureSearch(grid=GRID, tolerance=0.05)
    assert part.chosen([0.75, 0.8, 0.76]) == 1.4
    assert part.chosen([0.75, 0.8, 0.74]) == 1.0
    assert part.chosen([0.8, 0.74, 0.74]) == 0.6


def test_a_search_counts_each_task_once_and_no_fault_and_no_hint():
    live = search().open(SETUP)
    fault = judged(0.6, 0, verdict=Verdict.unjudged("away"))
    hinted = judged(0.6, 4, spans=(Span(1),))
    for group in (fault, hinted):
        live.observe(Ticket(number=0, request=live.apply(request(), at(0))), [group])
    assert live.found == [[], [], []]
    first = Ticket(number=3, request=live.apply(request(), at(0)))
    assert heats(first.request) == [1.4, 1.4]
    live.observe(first, [judged(1.4, 1)])
    more = live.apply(request(completes=first), at(0))
    live.observe(Ticket(number=3, attempt=1, request=more), [judged(1.4, 4)])
    assert live.found == [[], [], [0.25]]


def test_a_search_goes_on_where_it_stood():
    accuracy = {0.6: 2, 1.0: 3, 1.4: 1}
    part = search()
    live = part.open(SETUP)
    searched(live, 0, accuracy, tasks=2)  # in the middle of the grid
    for step in range(1, 8):
        fresh = reloaded(part, live)
        assert searched(live, step, accuracy, 2) == searched(fresh, step, accuracy, 2)
        assert live.state_dict() == fresh.state_dict()


class Narrowed(Schedule):
    """A user's schedule: nucleus sampling from step 6 on."""

    def open(self, setup):
        return LiveNarrowed()


class LiveNarrowed(LiveSchedule):
    """Its running half."""

    def apply(self, request, now):
        top = 0.9 if now.step >= 6 else 1.0
        how = [replace(play.decoding, top_p=top) for play in request.plays]
        plays = [replace(p, decoding=d) for p, d in zip(request.plays, how, strict=True)]
        return replace(request, plays=tuple(plays))


def test_schedules_compose_and_their_means_are_logged():
    """Stages 0.5 and 1.5, two tasks of three rollouts each; truncation from step 6 on."""
    heated = StagedTemperature(temperatures=(0.5, 1.5))
    own = Standard(
        prompts=Uniform(per_step=2),
        size=Fixed(rollouts=3),
        decoding=Decoding(max_new_tokens=7),
        schedules=(heated, Narrowed()),
    )
    live = own.open(SETUP)
    asked = live.next(2, at(5)) + live.next(2, at(6))
    hows = [{(p.decoding.temperature, p.decoding.top_p) for p in r.plays} for r in asked]
    assert hows == [{(0.5, 1.0)}] * 2 + [{(1.5, 0.9)}] * 2
    logged = live.step_ended(at(6))
    assert (logged["temperature"].value, logged["temperature"].count) == (1.0, 12)
    assert (logged["length_limit"].value, logged["length_limit"].count) == (7.0, 12)
    live.next(1, at(7))
    assert live.step_ended(at(7))["temperature"].value == 1.5  # sums begin anew
    plain = Standard().open(SETUP)
    plain.next(1, at(0))
    assert plain.step_ended(at(0)) == {}  # nothing new in runs without schedules
