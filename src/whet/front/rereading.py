"""The results of an evaluation whose samples are in a file, without a model."""

from dataclasses import dataclass
from pathlib import Path

from whet.evaluation.config import EvalConfig
from whet.evaluation.sample_file import read_samples
from whet.evaluation.samples import Sample, plain, problems_of
from whet.evaluation.scorecard import Scorecard, scorecard
from whet.front.measuring import USUAL
from whet.types import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """The results of a file of samples, and what it is a file of."""

    scores: Scorecard
    model: str
    split: str
    policy: str  # digest of the weights


def is_samples(place: str | Path) -> bool:
    """Whether a path names a file of samples, and neither a run nor a model: by its ending.

    A file that is not there counts, so that the error says so; a folder does not.
    """
    return Path(place).suffix.lower() == ".jsonl" and not Path(place).is_dir()


def reread(path: str | Path, k: tuple[int, ...] = ()) -> Reread:
    """The results of a file that `whet eval --out` or a run wrote, with pass@k for these k.

    Without k they are 1, 4 and 16, up to the number of samples.

    The numbers are those of the evaluation that wrote it, but for the seconds, which are not in the
    file.  Rows of test-time strategies are not read.

    Raises `UsageError` for what `read_samples` refuses, such as rows of several models, for a file
    without sampled replies, and for a k above the number of samples.
    """
    rows = plain(read_samples(path))
    if not rows:
        raise UsageError(f"{str(path)!r} has test-time strategies alone; give a file with samples")
    first = rows[0]
    samples = _samples(rows, path)
    problems = len({row.problem for row in rows})
    ks = k or tuple(one for one in USUAL.k if one <= samples)
    evaluation = EvalConfig(problems=problems, samples=samples, k=ks)
    return Reread(
        scores=scorecard(rows, evaluation, 0.0),
        model=first.model,
        split=first.split,
        policy=first.policy,
    )


def _samples(rows: tuple[Sample, ...], path: str | Path) -> int:
    """The number of samples of each problem: the smallest one."""
    found = problems_of(row for row in rows if not row.greedy)
    if not found:
        raise UsageError(f"{str(path)!r} has greedy replies alone; give a file with samples")
    return min(len(problem.samples) for problem in found)
