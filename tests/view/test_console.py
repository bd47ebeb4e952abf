"""What a run says while it goes on: rate and remaining time, rewards beside what is correct."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console
from small import Nearby, followed, small

from whet.policy import algorithms
from whet.protocols import Update
from whet.training.loop import TrainStep
from whet.training.trainer import Evaluated, PhaseStarted, RunEnded
from whet.types import Mean
from whet.view.console import Screen
from whet.view.pace import Pace, duration


class Clock:
    """Seconds that pass when the test says so."""

    time = 0.0

    def __call__(self):
        return self.time


def test_remaining_time_is_known_from_the_first_step_on():
    """Steps of 40 s, which rich's own column forgets after 30."""
    clock = Clock()
    pace = Pace(clock)
    pace.begin(done=0, steps=10)
    clock.time = 39.0
    assert str(pace) == "" and pace.left is None
    clock.time = 40.0
    pace.advance()
    assert (pace.seconds_per_step, pace.left) == (40, 360)
    clock.time = 55.0  # within the second step
    assert pace.left == 345
    assert str(pace) == "40.0 s/step  left 5:45"


def test_a_resumed_run_counts_its_own_steps_only():
    clock = Clock()
    pace = Pace(clock)
    pace.begin(done=30, steps=40)
    clock.time = 4.0
    pace.advance()
    assert (pace.seconds_per_step, pace.left) == (4, 36)


def test_evaluations_belong_to_the_steps_before_them():
    clock = Clock()
    pace = Pace(clock)
    pace.begin(done=0, steps=4)
    clock.time = 1.0
    pace.advance()
    clock.time = 3.0
    pace.advance(0)
    assert (pace.seconds_per_step, pace.left) == (3, 9)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0:00"), (62, "1:02"), (3599.7, "1:00:00"), (90061, "25:01:01")]
)
def test_durations(seconds, said):
    assert duration(seconds) == said


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Events of runs with right-or-wrong rewards, and with graded ones and a reference."""
    graded = {"objective": algorithms.load("grpo"), "reward": Nearby()}
    return {
        name: followed(small(steps=4, **changes), tmp_path_factory.mktemp(name))
        for name, changes in {"plain": {}, "graded": graded}.items()
    }


@pytest.mark.full
def test_a_step_that_learns_nothing_shows_dashes(runs):
    """No log-prob was computed, so there is neither entropy nor drift nor a clip."""
    over_nothing = {"drift": Mean(), "entropy": Mean(), "taught": Mean(total=0, count=9)}
    resting = Update(loss=0.0, drift_max=0.0, metrics=over_nothing)
    events = [
        replace(e, updates=(resting,)) if isinstance(e, TrainStep) else e for e in runs["plain"]
    ]
    said = told(events, 1.0)
    assert "nan" not in said
    assert "entropy –  drift –  lr" in said


def told(events, seconds, *, terminal=False):
    """What the screen says of events so many seconds apart."""
    clock, file = Clock(), io.StringIO()
    how = {"highlight": False, "soft_wrap": True, "width": 120}
    console = Console(file=file, force_terminal=terminal, **how)
    screen = Screen(console=console, now=clock)
    with screen.progress:
        for event in events:
            clock.time += seconds
            screen.show(event)
            screen.progress.refresh()
    screen.compare()
    return file.getvalue()


def test_without_a_terminal_lines_say_rate_and_remaining_time(runs):
    """Events are 40 s apart.  Of 4 steps the first took one event; the evaluation is after 3."""
    lines = told(runs["plain"], 40.0).splitlines()
    supervised = [line for line in lines if "supervised loss" in line]
    assert len(supervised) == 6
    assert supervised[0].endswith("40.0 s/step  left 3:20")
    first = next(line for line in lines if line.startswith("step    1  reward"))
    assert first.endswith("40.0 s/step  left 2:00")
    watched = next(line for line in lines if line.startswith("step    3  dev"))
    assert watched.endswith("53.3 s/step  left 0:53")


def test_steps_that_follow_quickly_are_silent_between_evaluations(runs):
    lines = told(runs["plain"], 0.1).splitlines()
    at = [re.match(r"step +(\d+)", line) for line in lines]
    assert [int(m[1]) for m in at if m] == [1, 1, 3, 4]  # a lesson, a step, two evaluations


def test_a_terminal_gets_a_bar_and_no_lines_of_steps(runs):
    said = told(runs["plain"], 40.0, terminal=True)
    assert "left 2:00" in said
    assert not re.search(r"step +1  reward", said)


@pytest.mark.parametrize("name", ["plain", "graded"])
def test_an_evaluation_shows_rewards_beside_what_is_correct(runs, name):
    said = told(runs[name], 1.0)
    lines = said.splitlines()
    held_out = [line for line in lines if "  dev    " in line]
    trained = [line for line in lines if "  train  " in line]
    assert len(held_out) == len(trained) == 2
    for line in held_out:
        assert re.search(r"reward \d\.\d{3}±\d\.\d{3}  greedy \d\.\d{3}  pass@1 \d\.\d{3}", line)
    for line in trained:
        assert re.search(r"reward \S+±\S+  length \S+ \(\d+–\d+\)  entropy ", line)
        assert ("kl " in line) == (name == "graded")
        assert "clip " in line and "lr 1e-03" in line
    assert max(map(len, lines)) <= 110
    assert said.count("  reward ") >= 3  # before, after, and the two side by side
    assert ("rewards are graded" in said) == (name == "graded")


def test_a_graded_reply_has_a_number_for_a_mark(runs):
    before, after = re.findall(r"^  (?:before|after) +(\S+) ", told(runs["graded"], 1.0), re.M)[-2:]
    cards = {e.name: e.card for e in runs["graded"] if isinstance(e, Evaluated)}
    scores = {f"{group[0].score:.2f}" for card in cards.values() for group in card.groups}
    assert before in scores | {"✗"} and after in scores


def test_phases_and_the_end_are_heard(runs):
    screen = Screen(console=Console(file=io.StringIO()), now=Clock())
    for event in runs["plain"]:
        screen.show(event)
    assert isinstance(screen.end, RunEnded)
    assert set(screen.evaluations) == {"base", "periodic", "final"}
    assert isinstance(runs["plain"][0], PhaseStarted)
