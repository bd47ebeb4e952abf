"""How far rollouts may be behind the learner, and which of them a step learns from."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from whet.protocols.part import Part
from whet.types import UsageError
from whet.types.weights import Continue, Drain, Flight


class TicketPlace(NamedTuple):
    """A ticket number that was launched and not learned from yet."""

    number: int
    launched: int  # step of its launch
    landed: int = -1  # place in the order of landing; −1: it is under way

    @property
    def there(self) -> bool:
        """Whether its groups can be learned from."""
        return self.landed >= 0


class Due(NamedTuple):
    """At least `least` of the places launched in step `until` or before have to be taken."""

    until: int
    least: int


class Order(Part):
    """The choice among the groups that have landed."""

    __slots__ = ()

    @abstractmethod
    def observed(self, places: Sequence[TicketPlace], until: int) -> list[int]:
        """Indices of the tickets to observe now, of those under way in the order of launch.

        The numbers below `until` are those of this step and of earlier ones.
        """

    @abstractmethod
    def chosen(self, places: Sequence[TicketPlace], due: Sequence[Due]) -> list[int] | None:
        """The numbers to learn from; None while too few of the places have landed.

        The last of `due` is over all places, and its `least` is how many are taken in all.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ByDeadline(Order):
    """The groups that would get too old, then those that landed first.

    Tickets are observed as they land.
    """

    def observed(self, places: Sequence[TicketPlace], until: int) -> list[int]:
        """All that have landed, as they landed."""
        del until
        there = [i for i, place in enumerate(places) if place.there]
        return sorted(there, key=lambda i: places[i].landed)

    def chosen(self, places: Sequence[TicketPlace], due: Sequence[Due]) -> list[int] | None:
        found: list[TicketPlace] = []
        ready = sorted((p for p in places if p.there), key=lambda place: place.landed)
        for until, least in due:
            held = sum(place.launched <= until for place in found)
            more = [p for p in ready if p.launched <= until and p not in found]
            if least - held > len(more):
                return None
            found += more[: max(0, least - held)]
        return sorted(place.number for place in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class BySubmission(Order):
    """The groups in the order of their numbers: a step learns from its own tickets.

    They are observed together, and rejected ones replaced, so the clock has no influence on what is
    played and learned from.
    """

    def observed(self, places: Sequence[TicketPlace], until: int) -> list[int]:
        """Those of this step, once all of them have landed."""
        mine = [i for i, place in enumerate(places) if place.number < until]
        return mine if all(places[i].there for i in mine) else []

    def chosen(self, places: Sequence[TicketPlace], due: Sequence[Due]) -> list[int] | None:
        first = sorted(places)[: due[-1].least]
        return [place.number for place in first] if all(p.there for p in first) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """Bounded staleness: rollouts go on while the learner learns.

    `staleness` is k, the most versions between the weights that a group was launched with and those
    that learn from it. At most (k + 1)·B groups are under way or waiting, where B is the number of
    groups per step. No group is discarded for its age. With k = 0 a step plays, then learns.

    New weights interrupt live rollouts, which read their tokens again and go on (`Continue`), or
    wait until all have ended (`Drain`).
    """

    staleness: int = 0
    flight: Flight = Continue()
    order: Order = ByDeadline()
    lost: int = 2  # times that a ticket is played again because its worker was lost
    on_trust: bool = False  # True: stale tokens may be learned from without a correction

    def __post_init__(self) -> None:
        if self.staleness < 0 or self.lost < 0:
            raise UsageError(
                f"lag.staleness is {self.staleness} and lag.lost {self.lost}; give 0 or more"
            )
        if isinstance(self.flight, Drain) and self.staleness > 1:
            raise UsageError(
                f"lag.staleness is {self.staleness}, but lag.flight drain lets every rollout end "
                "before new weights arrive, so none gets older than 1; give 1, or flight continue"
            )
        if isinstance(self.flight, Continue) and not self.flight.reread:
            raise UsageError(
                "lag.flight.reread is False, so tokens would be sampled with keys of older "
                "weights, and no version explains their log-probs; give True"
            )

    @property
    def swap(self) -> Flight:
        """How new weights arrive; at staleness 0 nothing is live then."""
        return self.flight if self.staleness else Drain()

    def due(self, places: Sequence[TicketPlace], step: int, left: Sequence[int]) -> list[Due]:
        """What step t has to take of all places, so that none gets older than k steps.

        `left[i]` is how many groups step t + 1 + i can still have: B less the numbers of that step
        that were given up. With N(v) places launched in step v or before, it is at least
        N(v) − Σ_{s = t + 1 … v + k} left_s  for v = t − k … t.
        Then N(v) ≤ Σ left_s after the step: the next launch adds to N(t + 1) alone, as many as the
        sum grows by. A step takes at least one place if there is any.
        """
        found = []
        for j in range(self.staleness + 1):
            until = step - self.staleness + j
            held = sum(place.launched <= until for place in places)
            found.append(Due(until, max(0, held - sum(left[:j]))))
        found[-1] = found[-1]._replace(least=max(found[-1].least, min(1, len(places))))
        return found
