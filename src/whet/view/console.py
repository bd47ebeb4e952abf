"""Console output of a run: a bar with rate and remaining time, and lines per evaluation."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from whet.evaluation.measure import Scorecard
from whet.training.events import Evaluated, Event, Moved, Noticed, PhaseStarted, RunEnded
from whet.training.loop import TrainStep
from whet.training.metrics import of_step
from whet.training.warmup import SFTStep
from whet.types import Mean, Metrics, Rollout
from whet.view import scorecard
from whet.view.conversation import ONE_TURN, lines, of_rollout
from whet.view.pace import Pace
from whet.view.scorecard import mark, number
from whet.view.unknown import brief
from whet.view.visible import visible

_TEXT = 20_000  # characters of a task or a reply
_SILENCE = 30.0  # seconds between lines of steps, without a terminal


class PaceColumn(ProgressColumn):
    """Rate and remaining time from the first step on; rich's own columns lose steps over 30 s."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self.pace = pace

    def render(self, task: Task) -> Text:
        """Rate and remaining time as text, as in the lines."""
        del task
        return Text(str(self.pace))


@dataclass(slots=True)
class Screen:
    """Shows events of a run: a bar on a terminal, plain lines otherwise."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    now: Callable[[], float] = time.monotonic
    progress: Progress = field(init=False)
    pace: Pace = field(init=False)
    evaluations: dict[str, Scorecard] = field(default_factory=dict)
    end: RunEnded | None = None
    _bar: Any = None
    _newest: Metrics | None = None
    _said: float | None = None  # when the last line was printed; None: not in this phase

    def __post_init__(self) -> None:
        """The progress bar, one line at the bottom of the terminal."""
        self.pace = Pace(self.now)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            PaceColumn(self.pace),
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
        )

    def show(self, event: Event) -> None:
        """Show one event of the run."""
        match event:
            case PhaseStarted():
                self._begin(event)
            case SFTStep():
                self._advance(f"supervised loss {event.update.loss:.3f}")
            case TrainStep():
                self._newest = of_step(event)
                self._advance(_reward(self._newest))
            case Evaluated():
                self._evaluated(event)
            case RunEnded():
                self.end = event
            case Noticed():
                self._print(f"note: {event.message}", markup=False)
            case Moved():
                self._print(
                    f"note: the run began on {event.was} and goes on on {event.now}, so its "
                    "weights end different in their last bits",
                    markup=False,
                )

    def _begin(self, event: PhaseStarted) -> None:
        self._print(f"[bold]{event.phase}[/bold]")
        self._said = None
        if self._bar is not None:
            self.progress.remove_task(self._bar)
        self.pace.begin(event.done, event.steps)
        self._bar = self.progress.add_task("", total=event.steps, completed=event.done)

    def _advance(self, text: str) -> None:
        """Advance the bar after a step; without a bar, print a line from time to time."""
        self.pace.advance()
        self.progress.update(self._bar, advance=1, description=text)
        silent = self._said is None or self.now() - self._said >= _SILENCE
        if silent and not self.console.is_terminal:
            self._print(f"step {self.pace.done:4}  {text}  {self.pace}")

    def _evaluated(self, event: Evaluated) -> None:
        self.evaluations[event.name] = event.card
        if event.name != "periodic":
            title = {"base": "before", "final": "after"}[event.name]
            lines = scorecard.lines(event.card)
            size = f"{event.card.problems} problems × {event.card.samples} samples"
            self._print("\n".join([f"[bold]{title}[/bold] (test split, {size})", *lines]))
            return
        self.pace.advance(0)
        line = f"step {event.step:4}  dev    {_held_out(event.card)}"
        if self._newest is None:
            self._print(line)
        else:
            self._print(f"{line}  {_tokens(self._newest)}  {self.pace}")
            self._print(f"{'':9}  train  {_trained(self._newest)}")

    def _print(self, text: str, *, markup: bool = True) -> None:
        self.console.print(text, markup=markup)
        self._said = self.now()

    def compare(self) -> None:
        """The evaluations before and after training, and one problem with both of its replies."""
        before, after = self.evaluations.get("base"), self.evaluations.get("final")
        if before is None or after is None:
            return
        self._print("\n[bold]before → after[/bold]")
        self._print("\n".join(scorecard.changes(before, after)), markup=False)
        pair = _telling(before, after)
        if pair is not None:
            self._chains(*pair)

    def _chains(self, before: Rollout, after: Rollout) -> None:
        """One problem before and after: two replies, or two conversations turn by turn."""
        if max(len(before.turns), len(after.turns)) > ONE_TURN:
            for name, rollout in (("before", before), ("after", after)):
                text = "\n".join(["", name, *lines(of_rollout(rollout))])
                self._print(text.replace("\n", "\n  "), markup=False)
            return
        self._print(f"\n  task    {visible(before.turns[0], _TEXT)}", markup=False)
        for name, rollout in (("before", before), ("after", after)):
            verdict = rollout.verdict
            sign = mark(rollout.score, correct=verdict.correct) if verdict else "?"
            self._print(f"  {name:7} {sign} {visible(rollout.reply, _TEXT)}", markup=False)


def _reward(known: Metrics) -> str:
    """Mean and spread of a step's rewards."""
    return f"reward {number(known['reward'].value)}±{number(known['reward_std'].value)}"


def _held_out(card: Scorecard) -> str:
    first = f"pass@{min(card.pass_at)}"
    reward = f"reward {brief(card, 'reward')}±{number(card.reward.std)}  "
    if brief(card, "greedy") == (unknown := brief(card, first)) and not card.greedy.problems:
        accuracy = f"accuracy {unknown}"
    else:
        accuracy = f"greedy {brief(card, 'greedy')}  {first} {unknown}"
    return reward + accuracy + _faults(card.faults, sum(card.plays))


def _trained(known: Metrics) -> str:
    """The newest step: mean reward, length of replies, KL and drift."""
    parts = [
        _reward(known),
        f"length {_form(known, 'length', '.4g')} "
        f"({_form(known, 'length_min', '.0f')}–{_form(known, 'length_max', '.0f')})",
        f"entropy {_form(known, 'entropy', '.3f')}",
        f"kl {_form(known, 'kl', '.2g')}"
        if "kl" in known
        else f"drift {_form(known, 'drift', '.0e')}",
    ]
    if isfinite(known.get("clipped", Mean()).value):
        low, high = (_form(known, f"clipped_{end}", ".1%") for end in ("low", "high"))
        parts.append(f"clip {low}+{high}")
    faults = known["faults"]
    return "  ".join([*parts, f"lr {_form(known, 'lr', '.0e')}"]) + _faults(
        round(faults.total), round(faults.count)
    )


def _form(known: Metrics, name: str, form: str) -> str:
    """A metric in a format, or a dash for one over nothing."""
    value = known.get(name, Mean()).value
    return format(value, form) if isfinite(value) else "–"


def _faults(count: int, of: int) -> str:
    return f"  faults {count}/{of}" if count else ""


def _tokens(known: Metrics) -> str:
    """The sampling rate of the newest step, in tokens per second."""
    return f"{_form(known, 'decoded_per_second', '.0f')} tok/s"


def _telling(before: Scorecard, after: Scorecard) -> tuple[Rollout, Rollout] | None:
    """The problem with the largest gain of its greedy reply; the first one of several.

    A reply without a score is no gain and no loss; None where there is no pair of scores.
    """
    then = {group[0].task.id: group[0] for group in after.groups}
    pairs = [(g[0], then[g[0].task.id]) for g in before.groups if g[0].task.id in then]
    gains = [
        (new - old, pair)
        for pair in pairs
        if (old := _score(pair[0])) is not None and (new := _score(pair[1])) is not None
    ]
    return max(gains, key=lambda found: found[0], default=(0.0, None))[1]


def _score(rollout: Rollout) -> float | None:
    return None if rollout.verdict is None else rollout.score
