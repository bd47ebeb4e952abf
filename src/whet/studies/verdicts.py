"""The verdicts of a study, computed from the endpoints of its arms alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import fsum
from random import Random

from whet.evaluation.statistics.decision import Decision, StudyOutcome, decide
from whet.evaluation.statistics.holm import holm
from whet.evaluation.statistics.power import ALPHA
from whet.studies.plan import Contrast, Identity
from whet.studies.rows import Cell, StudyRow

_FOUND = (StudyOutcome.SUPPORTED, StudyOutcome.REVERSED)
Ends = Mapping[Cell, tuple[float, str]]
"""The endpoints of complete runs, and the digests of their weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastVerdict:
    """The decision on a contrast, or the rows that it lacks.

    `control` decides the same contrast with the labels of treatment and control swapped in half of
    the seeds.  Such labels mean nothing, so a control that is supported or reversed says that the
    computation is wrong.
    """

    contrast: Contrast
    missing: tuple[Cell, ...]
    decision: Decision | None = None  # None: rows are missing
    control: Decision | None = None
    holm_p: float = 1.0

    @property
    def holds_after_holm(self) -> bool:
        """Whether a verdict of a difference stands with the p-value after Holm's correction."""
        return self.holm_p <= ALPHA

    @property
    def control_failed(self) -> bool:
        """Whether meaningless labels gave a verdict of a difference."""
        return self.control is not None and self.control.verdict in _FOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class Sameness:
    """Whether two arms ended alike: the seeds where they did not, and the rows that it lacks."""

    identity: Identity
    broken: tuple[int, ...]
    missing: tuple[Cell, ...]


def verdicts(
    study: str, contrasts: Sequence[Contrast], seeds: Sequence[int], rows: Sequence[StudyRow]
) -> tuple[ContrastVerdict, ...]:
    """Every contrast decided over all planned seeds, or the rows that it lacks.

        d_s = Σ_a w_a y_{a,s},   y the endpoint of arm a at seed s

    `decide` then says what the d_s mean for the claim.  The p-values are corrected by Holm over all
    contrasts of the study; one that is not decided counts with p = 1.
    """
    ends = complete(rows)
    found = [_verdict(study, contrast, seeds, ends) for contrast in contrasts]
    p = {v.contrast.name: 1.0 if v.decision is None else v.decision.p for v in found}
    adjusted = holm(p)
    return tuple(
        ContrastVerdict(
            contrast=v.contrast,
            missing=v.missing,
            decision=v.decision,
            control=v.control,
            holm_p=adjusted[v.contrast.name],
        )
        for v in found
    )


def complete(rows: Sequence[StudyRow]) -> dict[Cell, tuple[float, str]]:
    """The endpoint and the weights of every run that has an endpoint."""
    return {r.cell: (r.endpoint, r.weights) for r in rows if r.endpoint is not None}


def differences(contrast: Contrast, seeds: Sequence[int], ends: Ends) -> dict[int, float]:
    """Σ_a w_a y_{a,s} for every seed s."""
    return {
        seed: fsum(weight * ends[arm, seed][0] for arm, weight in _used(contrast)) for seed in seeds
    }


def swapped(study: str, seeds: Sequence[int]) -> frozenset[int]:
    """The ⌊n/2⌋ seeds whose labels are swapped, drawn by a hash of the study's name."""
    key = int.from_bytes(blake2b(study.encode(), digest_size=8).digest())
    return frozenset(Random(key).sample(sorted(seeds), len(seeds) // 2))


def sameness(
    identities: Sequence[Identity], seeds: Sequence[int], rows: Sequence[StudyRow]
) -> tuple[Sameness, ...]:
    """For each pair of arms, the seeds at which weights or endpoint are not equal."""
    ends = complete(rows)
    return tuple(_same(identity, seeds, ends) for identity in identities)


def _same(identity: Identity, seeds: Sequence[int], ends: Ends) -> Sameness:
    arms = (identity.one, identity.other)
    missing = tuple((arm, s) for s in seeds for arm in arms if (arm, s) not in ends)
    known = [s for s in seeds if all((arm, s) in ends for arm in arms)]
    return Sameness(
        identity=identity,
        missing=missing,
        broken=tuple(s for s in known if ends[identity.one, s] != ends[identity.other, s]),
    )


def _verdict(study: str, contrast: Contrast, seeds: Sequence[int], ends: Ends) -> ContrastVerdict:
    missing = tuple((arm, s) for s in seeds for arm, _ in _used(contrast) if (arm, s) not in ends)
    if missing:
        return ContrastVerdict(contrast=contrast, missing=missing)
    found = differences(contrast, seeds, ends)
    turned = swapped(study, seeds)
    return ContrastVerdict(
        contrast=contrast,
        missing=(),
        decision=_decided(contrast, [*found.values()]),
        control=_decided(contrast, [-d if s in turned else d for s, d in found.items()]),
    )


def _decided(contrast: Contrast, held: Sequence[float]) -> Decision:
    return decide(held, delta=contrast.delta, claim=contrast.claim, planned=len(held))


def _used(contrast: Contrast) -> Iterator[tuple[str, float]]:
    """The arms with a weight."""
    return ((arm, weight) for arm, weight in contrast.weights.items() if weight)
