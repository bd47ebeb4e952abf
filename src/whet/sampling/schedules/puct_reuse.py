"""PUCT reuse: a play begins from an earlier solution of its task (TTT-Discover)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, ClassVar

from whet.protocols import LiveSchedule, Now, SamplingSetup, Schedule
from whet.sampling.schedules.archives import Archive, Solution
from whet.types import (
    Finish,
    Group,
    Mean,
    Metrics,
    Play,
    Request,
    Rollout,
    Task,
    Ticket,
    UsageError,
)
from whet.types.messages import question_in, with_question

ASK = "\n\nAn earlier solution, of score {score:g}:\n\n{reply}\n\nGive a better one."


@dataclass(frozen=True, slots=True, kw_only=True)
class PuctReuse(Schedule):
    """The plays of a request are shown one earlier solution of their task, chosen by PUCT.

        score(s) = Q(s) + c · scale · P(s) · sqrt(1 + T) / (1 + n(s))

    Q(s) is the largest reward of a solution that began from s, or the reward of s itself if none
    did. P(s) falls linearly with the rank of the reward, n(s) counts the visits of s and of its
    descendants, and T those of the task; scale is the range of rewards found so far. The empty
    solution, a play of the bare task, takes part with the reward `start`. Two requests of a step
    don't begin from one lineage, as long as there are others. Of a visit the best `children`
    different solutions are kept, and of a task the best `capacity`.

    The solution is shown at the end of the question by `ask`, as {reply} and {score}. The reward is
    the number before any shaping where that is known, else the score. Truncated replies, and those
    of more than `longest` characters, are not kept. A rollout that was shown a solution is marked
    as hinted (`Rollout.hint`), so it says nothing of the difficulty of the bare task.

    Source: TTT-Discover (arXiv:2601.16175): the equation, the rank prior, the counts of ancestors
    and the blocked lineages are those of the released sampler, with its c 1 and 2 children. Its
    archive has 1000 states, ours 64 for each of many tasks; `ask` is ours, as the paper words a
    prompt for every problem. It trains with an entropic objective (the algorithm's part), on one
    task at a time: it is for tasks with graded rewards that come again and again.

    It costs the prompt tokens of the shown reply. It needs an environment that says the task's
    prompt, and a finite set of tasks. With a reward of only right or wrong it shows right
    solutions, which the policy may copy.
    """

    remembers: ClassVar[bool] = True

    c: float = 1.0  # of exploration
    start: float = 0.0  # reward of the empty solution
    children: int = 2  # kept per visit
    capacity: int = 64  # solutions per task
    longest: int = 4000  # characters of a solution
    ask: str = ASK

    def __post_init__(self) -> None:
        checks = {
            "c": (0 <= self.c < inf, "0 or more"),
            "start": (-inf < self.start < inf, "a number"),
            "children": (self.children >= 1, "1 or more"),
            "capacity": (self.capacity >= 1, "1 or more"),
            "longest": (self.longest >= 1, "1 or more"),
            "ask": (_fits(self.ask), "a text with {reply}, and {score} or no other field"),
        }
        for name, (sound, legal) in checks.items():
            if not sound:
                held = getattr(self, name)
                raise UsageError(f"sampling.schedules.puct_reuse.{name} is {held!r}; give {legal}")

    def shown(self, solution: Solution) -> str:
        """What is added to the question; nothing for the empty solution."""
        if not solution.reply:
            return ""
        return self.ask.format(reply=solution.reply, score=solution.reward)

    def open(self, setup: SamplingSetup) -> "LivePuctReuse":
        del setup
        return LivePuctReuse(self)


@dataclass(slots=True)
class LivePuctReuse(LiveSchedule):
    """The archive of every visited task; they are the state."""

    settings: PuctReuse
    archives: dict[str, Archive] = field(default_factory=dict)
    shown: dict[int, int] = field(default_factory=dict)  # solutions, by a request's first seed
    parents: dict[str, int] = field(default_factory=dict)  # solutions, by the rollouts of this step
    reused: int = 0  # requests of this step that show a solution
    asked: int = 0

    def apply(self, request: Request, now: Now) -> Request:
        """The request with a solution in the prompts; a further round keeps that of the first."""
        del now
        archive = self._archive(request.task)
        if request.completes is None:
            solution = archive.choose(self.settings.c)
            self.asked += 1
            self.reused += bool(solution.reply)
        else:
            solution = archive.solution(self._shown_by(request.completes.request))
        self.shown[request.plays[0].seed] = solution.id
        note = self.settings.shown(solution)
        if not note:
            return request
        return replace(request, plays=tuple(_told(request.task, p, note) for p in request.plays))

    def _shown_by(self, request: Request) -> int:
        return self.shown.get(request.plays[0].seed, 0)

    def observe(self, ticket: Ticket, groups: Sequence[Group]) -> None:
        """Note what the rollouts of a ticket began from; those that extensions added don't count.

        An added rollout is of earlier weights, or of a prompt that showed nothing.
        """
        shown = self._shown_by(ticket.request)
        for rollout in (rollout for group in groups for rollout in group):
            version = rollout.version
            if version is not None and version.step >= ticket.version:
                self.parents[rollout.id] = shown if rollout.hint else 0

    def visited(self, task: Task, groups: Sequence[Group]) -> None:
        """Store the best solutions below those that they began from."""
        archive, found = self._archive(task), dict[int, list[tuple[float, str]]]()
        for rollout in (rollout for group in groups for rollout in group):
            reward, parent = _reward(rollout), self.parents.get(rollout.id)
            if reward is not None and parent is not None:
                kept = rollout.finish is Finish.STOP and len(rollout.reply) <= self.settings.longest
                found.setdefault(parent, []).append((reward, rollout.reply if kept else ""))
        for parent, rewards in found.items():
            archive.expand(parent, rewards, self.settings.children)

    def _archive(self, task: Task) -> Archive:
        return self.archives.setdefault(task.id, Archive.empty(self.settings.start))

    def step_ended(self, now: Now) -> Metrics:
        """The share of requests that showed a solution, and the best reward of every task."""
        del now
        for archive in self.archives.values():
            archive.trim(self.settings.capacity)
        found = {"reused": Mean(total=self.reused, count=self.asked)}
        self.reused = self.asked = 0
        self.shown, self.parents = {}, {}
        best = [best for archive in self.archives.values() if (best := archive.best) is not None]
        return found | {"best_reward": Mean(total=sum(best), count=len(best))}

    def state_dict(self) -> dict[str, Any]:
        return {task: archive.state_dict() for task, archive in self.archives.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.archives = {task: Archive.of(held) for task, held in state.items()}


def _fits(ask: str) -> bool:
    """Whether a text shows the reply, and can be filled in."""
    try:
        return "some words" in ask.format(reply="some words", score=0.5)
    except (LookupError, ValueError):
        return False


def _told(task: Task, play: Play, note: str) -> Play:
    prompt = task.prompt if play.prompt is None else play.prompt
    return replace(play, prompt=with_question(prompt, question_in(prompt) + note), hint=1.0)


def _reward(rollout: Rollout) -> float | None:
    verdict = rollout.verdict
    if verdict is None or not verdict.judged:
        return None
    return verdict.score if verdict.measured is None else verdict.measured
