"""What a run looks like while it runs: a bar with rate and remaining time, a line per
evaluation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    TimeRemainingColumn,
)
from rich.text import Text

from whet.evaluation.measure import Scorecard
from whet.training.loop import TrainStep
from whet.training.metrics import of_step
from whet.training.trainer import Evaluated, Event, PhaseStarted, RunEnded
from whet.training.warmup import SFTStep
from whet.types import Rollout


class Rate(ProgressColumn):
    """Steps per second, or seconds per step where that is more."""

    def render(self, task: Task) -> Text:
        speed = task.speed or 0.0
        if not speed:
            return Text("")
        return Text(f"{speed:.1f} steps/s" if speed >= 1 else f"{1 / speed:.1f} s/step")


@dataclass(slots=True)
class Screen:
    """Shows events as they come; plain lines where there is no terminal."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    progress: Progress = field(init=False)
    evaluations: dict[str, Scorecard] = field(default_factory=dict)
    end: RunEnded | None = None
    _bar: Any = None
    _newest: TrainStep | None = None

    def __post_init__(self) -> None:
        """One line at the bottom."""
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            Rate(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
            transient=True,
        )

    def show(self, event: Event) -> None:
        """One event."""
        match event:
            case PhaseStarted():
                self._begin(event)
            case SFTStep():
                at = f"supervised loss {event.update.loss:.3f}"
                self.progress.update(self._bar, advance=1, description=at)
            case TrainStep():
                self._newest = event
                reward = of_step(event)["reward"].value
                self.progress.update(self._bar, advance=1, description=f"reward {reward:.3f}")
            case Evaluated():
                self.evaluations[event.name] = event.card
                self.console.print(self._line(event))
            case RunEnded():
                self.end = event

    def _begin(self, event: PhaseStarted) -> None:
        self.console.print(f"[bold]{event.phase}[/bold]")
        if self._bar is not None:
            self.progress.remove_task(self._bar)
        self._bar = self.progress.add_task("", total=event.steps, completed=event.done)

    def _line(self, event: Evaluated) -> str:
        card = event.card
        if event.name != "periodic":
            title = {"base": "before", "final": "after"}[event.name]
            return "\n".join([f"[bold]{title}[/bold] (test split)", *_estimates(card)])
        sampled = card.pass_at[min(card.pass_at)].value
        line = f"step {event.step:4}  greedy {card.greedy.value:.3f}  sampled {sampled:.3f}"
        if self._newest is not None:
            known = of_step(self._newest)
            line += (
                f"  reward {known['reward'].value:.3f}  length {known['length'].value:.1f}"
                f"  entropy {known['entropy'].value:.3f}  drift {known['drift'].value:.1e}"
            )
        return line

    def compare(self) -> None:
        """Before and after, in numbers and in one problem's chains of thought."""
        before, after = self.evaluations.get("base"), self.evaluations.get("final")
        if before is None or after is None:
            return
        self.console.print("\n[bold]before → after[/bold]")
        self.console.print(f"  greedy pass@1   {before.greedy} → {after.greedy}")
        for k, estimate in before.pass_at.items():
            self.console.print(f"  sampled pass@{k:<3}{estimate} → {after.pass_at[k]}")
        self.console.print(f"  length          {before.length:.1f} → {after.length:.1f} tokens")
        pair = _telling(before, after)
        if pair is not None:
            self._chains(*pair)

    def _chains(self, before: Rollout, after: Rollout) -> None:
        self.console.print(f"\n  task    {before.turns[0]}", markup=False)
        for name, rollout in (("before", before), ("after", after)):
            mark = "✓" if rollout.verdict and rollout.verdict.correct else "✗"
            self.console.print(f"  {name:7} {mark} {rollout.reply}", markup=False)


def _estimates(card: Scorecard) -> list[str]:
    lines = [f"  greedy pass@1   {card.greedy}   length {card.greedy_length:.1f}"]
    lines += [f"  sampled pass@{k:<3}{estimate}" for k, estimate in card.pass_at.items()]
    lines[1] += f"   length {card.length:.1f}"
    return lines


def _telling(before: Scorecard, after: Scorecard) -> tuple[Rollout, Rollout] | None:
    """The first problem that greedy decoding got wrong before and right after, or the first."""

    def right(rollout: Rollout) -> bool:
        return bool(rollout.verdict and rollout.verdict.correct)

    then = {group[0].task.id: group[0] for group in after.groups}
    pairs: Sequence[tuple[Rollout, Rollout]] = [
        (group[0], then[group[0].task.id]) for group in before.groups if group[0].task.id in then
    ]
    better = [pair for pair in pairs if not right(pair[0]) and right(pair[1])]
    return next(iter([*better, *pairs]), None)
