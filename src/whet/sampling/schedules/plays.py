"""Requests with another temperature or limit of their replies, and the means over a step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.protocols import Schedule
from whet.types import Mean, Metrics, Play, Request


def overwritten(schedules: Sequence[Schedule]) -> str:
    """What is told of schedules that replace one setting of every play; empty for none."""
    for setting in dict.fromkeys(one.sets for one in schedules if one.sets):
        names = [type(one).__name__ for one in schedules if one.sets == setting]
        if len(names) > 1:
            return (
                f"sampling.schedules {', '.join(names)} all set the {setting} of a play, so the "
                f"last of them, {names[-1]}, decides alone; give one of them"
            )
    return ""


def temperature_of(request: Request) -> float:
    """The temperature of its first play."""
    return request.plays[0].decoding.temperature


def limit_of(request: Request) -> int:
    """The most tokens of a reply, in its first play."""
    return request.plays[0].decoding.max_new_tokens


def heated(request: Request, temperature: float) -> Request:
    """All plays at one temperature.

    All rollouts of a task have one temperature. Further plays of a task keep that of its first
    ones, and a play that goes on from a rollout keeps the rollout's.
    """
    if request.completes is not None:
        temperature = temperature_of(request.completes.request)
    return replace(request, plays=tuple(_heated(play, temperature) for play in request.plays))


def limited(request: Request, tokens: int) -> Request:
    """All plays with replies of at most so many tokens; a lower limit stays."""
    return replace(request, plays=tuple(_limited(play, tokens) for play in request.plays))


def _heated(play: Play, temperature: float) -> Play:
    if play.begun is not None:
        temperature = play.begun[0].decoding.temperature
    return replace(play, decoding=replace(play.decoding, temperature=temperature))


def _limited(play: Play, tokens: int) -> Play:
    most = min(play.decoding.max_new_tokens, tokens)
    return replace(play, decoding=replace(play.decoding, max_new_tokens=most))


@dataclass(slots=True)
class PlaySettings:
    """Sums over the plays of a step, after all schedules; between two steps they are 0."""

    plays: int = 0
    temperature: float = 0.0
    limit: int = 0

    def add(self, request: Request) -> None:
        """Add the plays of a request."""
        for play in request.plays:
            self.plays += 1
            self.temperature += play.decoding.temperature
            self.limit += play.decoding.max_new_tokens

    def taken(self) -> Metrics:
        """The means over the plays so far; the sums begin anew."""
        found = {"temperature": self.temperature, "length_limit": float(self.limit)}
        metrics = {name: Mean(total=total, count=self.plays) for name, total in found.items()}
        self.plays, self.temperature, self.limit = 0, 0.0, 0
        return metrics
