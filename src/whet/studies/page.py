"""The page of a study: its plan, its rows by arm, and its verdicts, as text and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import isfinite
from statistics import fmean, stdev
from typing import Any

from whet.evaluation.statistics.decision import Claim, Decision, StudyOutcome
from whet.studies.plan import Contrast
from whet.studies.resolved import Resolved
from whet.studies.rows import Cell, StudyRow
from whet.studies.verdicts import ContrastVerdict, Sameness, sameness, swapped, verdicts

TINY = (
    "A tiny result never proves or disproves a claim about frontier models; it tests whether the "
    "mechanism behind the claim appears in a controlled system."
)


@dataclass(frozen=True)
class StudyPage:
    """What a study says, from its plan and the rows that are there."""

    plan: Resolved
    every_row: Sequence[StudyRow]

    @cached_property
    def rows(self) -> tuple[StudyRow, ...]:
        """The rows of planned seeds; others are counted and not used."""
        return tuple(row for row in self.every_row if row.seed in self.plan.tier.seeds)

    @cached_property
    def verdicts(self) -> tuple[ContrastVerdict, ...]:
        """The verdict on every contrast."""
        study = self.plan.study
        return verdicts(study.name, study.contrasts, self.plan.tier.seeds, self.rows)

    @cached_property
    def sameness(self) -> tuple[Sameness, ...]:
        """What became of every identity."""
        return sameness(self.plan.study.identities, self.plan.tier.seeds, self.rows)

    @property
    def sound(self) -> bool:
        """Whether every identity holds so far, and no control gave a verdict of a difference."""
        return not any(v.control_failed for v in self.verdicts) and not any(
            one.broken for one in self.sameness
        )

    @property
    def missing(self) -> list[Cell]:
        """The planned arms and seeds without a row."""
        have = {row.cell for row in self.rows}
        return [cell for cell in self.plan.cells if cell not in have]

    @property
    def stopped(self) -> list[StudyRow]:
        """The rows of runs that can't be believed."""
        return [row for row in self.rows if row.endpoint is None]

    def lines(self) -> Iterator[str]:
        """The page as text."""
        study, tier = self.plan.study, self.plan.tier
        yield f"{study.name}: {study.claim}"
        yield f"{TINY}"
        yield ""
        yield from _wrapped("fixed before", study.registered)
        yield f"tier {tier.name}: {len(self.plan.runs)} arms at seeds {_listed(tier.seeds)}"
        yield f"endpoint {self.plan.endpoint}"
        yield from self._counts()
        yield ""
        yield from self._arms()
        yield ""
        for verdict in self.verdicts:
            yield from _of_contrast(verdict)
        yield from (_of_identity(one) for one in self.sameness)
        turned = sorted(swapped(study.name, tier.seeds))
        yield f"control: treatment and control swapped at seeds {_listed(turned)}"
        if not self.sound:
            yield "NOT SOUND: a control or an identity failed, so no verdict here can be believed"

    def _counts(self) -> Iterator[str]:
        seconds = sum(row.cpu_seconds + row.warmup_cpu_seconds for row in self.rows)
        planned, tokens = len(self.plan.cells), sum(row.tokens for row in self.rows)
        yield (
            f"rows {len(self.rows)} of {planned}; {seconds:.0f} CPU seconds, {tokens} tokens "
            f"sampled to train"
        )
        if self.missing:
            yield f"missing {_cells(self.missing)}"
        for row in self.stopped:
            yield f"stopped {row.arm}, seed {row.seed}: {row.stopped}"
        if unused := len(self.every_row) - len(self.rows):
            yield f"not used: {unused} rows of seeds that the tier does not plan"
        made = sorted({row.commit for row in self.rows if row.commit})
        yield f"made at commit {', '.join(made) or 'unknown'}"

    def _arms(self) -> Iterator[str]:
        width = max(map(len, self.plan.runs))
        yield f"{'arm':{width}}  {'n':>2} {'mean':>9} {'spread':>9} {'CPU s':>7}"
        for arm, held in self._by_arm().items():
            ends = [row.endpoint for row in held if row.endpoint is not None]
            mean = f"{fmean(ends):9.4f}" if ends else f"{'':9}"
            spread = f"{stdev(ends):9.4f}" if len(ends) > 1 else f"{'':9}"
            spent = fmean(row.cpu_seconds for row in held) if held else 0.0
            yield f"{arm:{width}}  {len(ends):2} {mean} {spread} {spent:7.1f}"

    def _by_arm(self) -> Mapping[str, Sequence[StudyRow]]:
        return {arm: [row for row in self.rows if row.arm == arm] for arm in self.plan.runs}

    def document(self) -> dict[str, Any]:
        """The page as JSON; NaN is null."""
        study, tier = self.plan.study, self.plan.tier
        return {
            "study": study.name,
            "claim": study.claim,
            "registered": study.registered,
            "caveat": TINY,
            "tier": tier.name,
            "seeds": list(tier.seeds),
            "rows": len(self.rows),
            "planned": len(self.plan.cells),
            "missing": [list(cell) for cell in self.missing],
            "stopped": [{"arm": r.arm, "seed": r.seed, "why": r.stopped} for r in self.stopped],
            "arms": {arm: _of_arm(held) for arm, held in self._by_arm().items()},
            "contrasts": [_as_json(verdict) for verdict in self.verdicts],
            "identities": [
                {"arms": str(one.identity), "broken": list(one.broken), "missing": len(one.missing)}
                for one in self.sameness
            ],
            "swapped": sorted(swapped(study.name, tier.seeds)),
            "sound": self.sound,
        }


def _of_contrast(verdict: ContrastVerdict) -> Iterator[str]:
    contrast, found = verdict.contrast, verdict.decision
    yield f"{contrast.name}: {formula(contrast)}"
    if found is None or verdict.control is None:
        yield f"  not decided, missing {_cells(verdict.missing)}"
        return
    yield f"  {found.verdict}{_after_holm(verdict)}"
    yield f"  effect {found.effect:+.4f}, 95 % [{found.low:+.4f}, {found.high:+.4f}]"
    yield (
        f"  p {found.p:.3g}, after Holm {verdict.holm_p:.3g}; power {_power(found)}; "
        f"{found.seeds} seeds"
    )
    told = "FAILED" if verdict.control_failed else "no difference, as it should be"
    yield f"  shuffled labels: {verdict.control.verdict} ({told})"


def formula(contrast: Contrast) -> str:
    """The weighted sum, the direction and the smallest effect of interest."""
    terms = [_term(arm, weight) for arm, weight in contrast.weights.items() if weight]
    sum_ = " ".join(terms).removeprefix("+ ")
    sign = ">" if contrast.claim is Claim.HIGHER else "<"
    delta = contrast.delta if contrast.claim is Claim.HIGHER else -contrast.delta or 0.0
    return f"{sum_} {sign} {delta:g}"


def _term(arm: str, weight: float) -> str:
    size = "" if abs(weight) == 1 else f"{abs(weight):g} "
    return f"{'+' if weight > 0 else '−'} {size}{arm}"


def _after_holm(verdict: ContrastVerdict) -> str:
    found = verdict.decision
    if found is None or found.verdict not in (StudyOutcome.SUPPORTED, StudyOutcome.REVERSED):
        return ""
    return "" if verdict.holds_after_holm else ", but not after Holm's correction"


def _power(found: Decision) -> str:
    return f"{found.power:.2f}" if isfinite(found.power) else "unknown (δ is 0)"


def _of_identity(one: Sameness) -> str:
    if one.broken:
        return f"{one.identity}: BROKEN at seeds {_listed(one.broken)}"
    missing = f", missing {_cells(one.missing)}" if one.missing else ""
    return f"{one.identity}: equal to the last bit at every seed with both rows{missing}"


def _of_arm(held: Sequence[StudyRow]) -> dict[str, Any]:
    ends = {row.seed: row.endpoint for row in held if row.endpoint is not None}
    return {
        "endpoints": ends,
        "mean": fmean(ends.values()) if ends else None,
        "spread": stdev(ends.values()) if len(ends) > 1 else None,
        "cpu_seconds": sum(row.cpu_seconds for row in held),
        "tokens": sum(row.tokens for row in held),
        "secondary": _means([row.secondary for row in held if row.endpoint is not None]),
    }


def _means(held: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of every number that all rows have."""
    names = set(held[0]).intersection(*held[1:]) if held else set[str]()
    return {name: fmean(one[name] for one in held) for name in sorted(names)}


def _as_json(verdict: ContrastVerdict) -> dict[str, Any]:
    contrast = verdict.contrast
    return {
        "name": contrast.name,
        "contrast": formula(contrast),
        "weights": dict(contrast.weights),
        "claim": str(contrast.claim),
        "delta": contrast.delta,
        "missing": [list(cell) for cell in verdict.missing],
        "decision": _decision(verdict.decision),
        "holm_p": verdict.holm_p if verdict.decision else None,
        "shuffled": _decision(verdict.control),
        "shuffled_failed": verdict.control_failed,
    }


def _decision(found: Decision | None) -> dict[str, Any] | None:
    if found is None:
        return None
    held = asdict(found)
    return {n: None if isinstance(x, float) and not isfinite(x) else x for n, x in held.items()}


def _cells(cells: Sequence[Cell]) -> str:
    """Arms with their seeds: `true at seeds 0, 1; random at seed 1`."""
    seeds: dict[str, list[int]] = {}
    for arm, seed in cells:
        seeds.setdefault(arm, []).append(seed)
    named = (
        f"{arm} at seed{'s' if len(held) > 1 else ''} {_listed(held)}"
        for arm, held in seeds.items()
    )
    return "; ".join(named)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _wrapped(title: str, text: str) -> Iterator[str]:
    yield f"{title}: {' '.join(text.split())}"
