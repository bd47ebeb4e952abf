"""`whet eval MODEL`: how good it is, greedy and sampled, with intervals."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tyro.conf import Positional

from whet.cli.parsing import parse
from whet.engines.embedded.engine import Embedded
from whet.evaluation.measure import Exam, Scorecard
from whet.front.measuring import Subject, measured, subject_of
from whet.types import Refusal


@dataclass(frozen=True, kw_only=True)
class Words:
    """Measure a model on tasks: pass@1 greedy and sampled, unbiased pass@k, 95% intervals."""

    model: Positional[str]  # a run folder, or a Hugging Face folder
    tasks: str = ""  # a family, gym:NAME, or a .jsonl or .parquet file; a run has its own
    reward: str = ""  # a name or path.py; by default the verifier that the tasks name
    split: str = "test"
    problems: int = 100
    samples: int = 16
    k: str = "1,4,16"
    temperature: float | None = None  # of samples; by default the run's, else 1
    length: int = 0  # most tokens of a reply; 0: the run's, else 256
    device: str = "auto"
    json: bool = False  # one JSON document and nothing else


def main(words: Sequence[str]) -> int:
    """A table, or one JSON document."""
    asked = parse(Words, words, "eval")
    exam = Exam(problems=asked.problems, samples=asked.samples, k=_numbers(asked.k))
    subject = _subject(asked)
    found = measured(subject, exam, asked.split)
    facts = {
        "model": asked.model,
        "tasks": asked.tasks or "the run's own",
        "split": asked.split,
        "problems": found.problems,
        "samples": exam.samples,
        "decoding": asdict(subject.decoding),
        "policy_digest": found.digest,
    }
    if asked.json:
        print(json.dumps(facts | _document(found.scores), indent=1, ensure_ascii=False))
    else:
        print("\n".join(_table(asked.model, found.problems, found.scores)))
    return 0


def _subject(asked: Words) -> Subject:
    subject = subject_of(asked.model, Embedded(device=asked.device))
    if asked.tasks:
        subject = subject.on(asked.tasks)
    if asked.reward:
        subject = subject.judged_by(asked.reward)
    decoding = subject.decoding
    if asked.temperature is not None:
        decoding = replace(decoding, temperature=asked.temperature)
    if asked.length:
        decoding = replace(decoding, length=asked.length)
    return replace(subject, decoding=decoding)


def _numbers(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise Refusal(f"k is {text!r}; give numbers with commas, such as 1,4,16")
    return tuple(map(int, parts))


def _document(found: Scorecard) -> dict[str, Any]:
    return {
        "greedy": asdict(found.greedy),
        "pass_at": {str(k): asdict(estimate) for k, estimate in found.pass_at.items()},
        "greedy_length": found.greedy_length,
        "length": found.length,
        "truncated": found.truncated,
        "faults": found.faults,
        "tokens": found.tokens,
        "seconds": round(found.seconds, 3),
    }


def _table(model: str, problems: int, found: Scorecard) -> list[str]:
    return [
        f"{model}: {problems} problems, {found.samples} samples each",
        f"  greedy pass@1   {found.greedy}   length {found.greedy_length:.1f}",
        *(f"  sampled pass@{k:<3}{estimate}" for k, estimate in found.pass_at.items()),
        f"  length {found.length:.1f}, cut off {found.truncated:.1%}, faults {found.faults}, "
        f"{found.tokens:,} tokens in {found.seconds:.1f} s",
    ]
