"""From values of steps to numbers for tokens: at a step's last token, or at each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.types import Rollout, UsageError


@runtime_checkable
class ValuePlacement(Protocol):
    """Where among its tokens the value of a step stands."""

    def __call__(
        self, values: Sequence[float], spans: Sequence[slice], length: int
    ) -> tuple[float, ...]:
        """One number per token; 0 where no step is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AtEnd:
    """At the last token: a reward, whose return the tokens before it collect."""

    def __call__(
        self, values: Sequence[float], spans: Sequence[slice], length: int
    ) -> tuple[float, ...]:
        credit = [0.0] * length
        for value, span in zip(values, spans, strict=True):
            if span.stop > span.start:
                credit[span.stop - 1] += value
        return tuple(credit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """At every token: a value that already is an advantage."""

    def __call__(
        self, values: Sequence[float], spans: Sequence[slice], length: int
    ) -> tuple[float, ...]:
        credit = [0.0] * length
        for value, span in zip(values, spans, strict=True):
            for place in range(span.start, span.stop):
                credit[place] += value
        return tuple(credit)


def last_reply(rollout: Rollout) -> slice:
    """The tokens of the last reply, as places among all chosen ones."""
    return rollout.spoken[-1] if rollout.spoken else slice(0, 0)


def tokens_of(rollout: Rollout, start: int, end: int) -> slice:
    """The tokens of the last reply that say something of reply[start:end].

    Raises `UsageError` where the engine doesn't record what each token says.
    """
    if rollout.char_ends is None:
        raise UsageError(
            f"rollout.char_ends is missing for {rollout.length} tokens; the reward needs an engine "
            f"that records it, such as the embedded one"
        )
    whole = last_reply(rollout)
    said = rollout.char_ends[whole].tolist()
    first = sum(out <= start for out in said)
    last = sum(out < end for out in said) + 1
    return slice(whole.start + first, whole.start + min(last, len(said)))
