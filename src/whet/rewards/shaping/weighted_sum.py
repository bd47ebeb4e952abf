"""A weighted sum of rewards, as TRL's `reward_funcs` and `reward_weights` (1.16) make it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

from whet.protocols import Judge, RewardContext
from whet.rewards.declared import Declared
from whet.rewards.shaping.composition import Row, hear
from whet.rewards.shaping.nesting import UNIT, Shaper, name_of, ranges_of, shaper_in
from whet.rewards.shaping.rescoring import Range
from whet.types import Group, Reason, RunSpec, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedSum(Shaper):
    """R = Σ_k w_k R_k;  without `weights`, w_k = 1 / n: the mean of the n rewards.

    TRL's default weights are 1.  Reason and `correct` come from the first reward that sets
    `correct`; name the checker first.  Credit for tokens is summed with the same weights.  A reward
    without an opinion of a task is left out of the sum, as in TRL.  A fault of any reward is a
    fault, unless its weight is 0.  A wrong reply may outscore a right one; `combined` rules that
    out.

    Each R_k is a part of the verdict, called after `names` or after its class.
    """

    compares = False

    rewards: tuple[Judge, ...] = (Declared(),)
    weights: tuple[float, ...] = ()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """One finite weight and one name per reward, or none at all."""
        if not self.rewards:
            raise UsageError("weighted_sum.rewards is (); give at least one reward")
        for field in ("weights", "names"):
            given = getattr(self, field)
            if given and len(given) != len(self.rewards):
                raise UsageError(
                    f"weighted_sum.{field} is {given} for {len(self.rewards)} rewards "
                    f"({', '.join(self.labels)}); give one for each"
                )
        if not all(map(isfinite, self.weights)):
            raise UsageError(f"weighted_sum.weights is {self.weights}; give finite numbers")
        if self.weights and not any(self.weights):
            raise UsageError(
                f"weighted_sum.weights is {self.weights}, so every score is 0; give one that isn't"
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the parts; a name that occurs again gets a number."""
        kinds = map(name_of, self.rewards)
        names = self.names if len(self.names) == len(self.rewards) else tuple(kinds)
        seen: Counter[str] = Counter()
        found = []
        for name in names:
            seen[name] += 1
            found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
        return tuple(found)

    def run_warning(self, spec: RunSpec) -> str:
        """Warns of rewards that are weighed with 0."""
        del spec
        idle = [name for name, w in zip(self.labels, self.weights, strict=False) if not w]
        if not idle:
            return ""
        return (
            f"weighted_sum.weights is {self.weights}: {', '.join(idle)} does not change the "
            "score; leave it out, or give another weight"
        )

    @property
    def ranges(self) -> tuple[Range, Range] | None:
        """The sums where the first reward is the checker, and others lie in [0, 1] or have no
        opinion.
        """
        others = [_of_part(reward) for reward in self.rewards[1:]]
        spans = [pair for pair in (ranges_of(self.rewards[0]), *others) if pair is not None]
        if len(spans) < len(self.rewards):
            return None
        weights = self.weights or (1 / len(spans),) * len(spans)
        right, wrong = (_total(weights, kind) for kind in zip(*spans, strict=True))
        return right, wrong

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Ask all rewards at once, then add."""
        return [self._sum(row) for row in await hear(self.rewards, group, context)]

    def _sum(self, row: Row) -> Verdict:
        weights = self.weights or (1 / len(row),) * len(row)
        fault = next((v for w, v in zip(weights, row, strict=True) if w and v.fault), None)
        if fault is not None:
            return fault
        known = [(w, v) for w, v in zip(weights, row, strict=True) if v.judged]
        if not known:
            return row[0]
        main = next((v for _, v in known if v.correct is not None), known[0][1])
        scores = {n: v.score for n, v in zip(self.labels, row, strict=True) if v.judged}
        score = sum(w * v.score for w, v in known)
        return replace(
            main,
            reason=main.reason if main.correct is not None else Reason.PARTIAL,
            score=score,
            parts={**main.parts, **scores},
            credit=_credit(known),
            cost_ms=sum(v.cost_ms for v in row),
        )


def _of_part(judge: Judge) -> tuple[Range, Range] | None:
    known = ranges_of(judge) if shaper_in(judge) is not None else (UNIT, UNIT)
    return known and (_with_nothing(known[0]), _with_nothing(known[1]))


def _with_nothing(span: Range) -> Range:
    return Range(low=min(span.low, 0.0), high=max(span.high, 0.0))


def _total(weights: Sequence[float], spans: Sequence[Range]) -> Range:
    ends = [sorted((w * s.low, w * s.high)) for w, s in zip(weights, spans, strict=True)]
    return Range(low=sum(low for low, _ in ends), high=sum(high for _, high in ends))


def _credit(known: Sequence[tuple[float, Verdict]]) -> tuple[float, ...]:
    """Σ_k w_k credit_k, over the rewards that give credit to tokens."""
    columns = [[w * x for x in verdict.credit] for w, verdict in known if verdict.credit]
    return tuple(map(sum, zip(*columns, strict=True))) if columns else ()
