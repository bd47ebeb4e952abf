"""From the values of steps to credit for tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from whet.types import Rollout, UsageError


@runtime_checkable
class ValuePlacement(Protocol):
    """A rule that spreads the value of a step over its tokens."""

    def __call__(
        self, values: Sequence[float], spans: Sequence[slice], length: int
    ) -> tuple[float, ...]:
        """One number per token; 0 for tokens outside all steps."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AtEnd:
    """The value stands at the step's last token: a reward, which earlier tokens get as return."""

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
    """The value stands at every token of the step: an advantage already."""

    def __call__(
        self, values: Sequence[float], spans: Sequence[slice], length: int
    ) -> tuple[float, ...]:
        credit = [0.0] * length
        for value, span in zip(values, spans, strict=True):
            for place in range(span.start, span.stop):
                credit[place] += value
        return tuple(credit)


def last_reply(rollout: Rollout) -> slice:
    """The tokens of the last reply, as a slice of the sampled tokens."""
    return rollout.spoken[-1] if rollout.spoken else slice(0, 0)


def tokens_of(rollout: Rollout, start: int, end: int) -> slice:
    """The tokens of the last reply that spell reply[start:end].

    Raises `UsageError` where the engine does not record which characters a token stands for.
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
