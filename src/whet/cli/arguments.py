"""What the small commands are asked; nothing heavy is imported, so that help is at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from whet.cli.options import option, word

_RUN = "a run's folder, such as runs/quickstart"
_JSON = "one JSON document and nothing else"


@dataclass(frozen=True, kw_only=True)
class ResumeOptions:
    """Go on with a run from its newest checkpoint, exactly where it stood.

    What changes no step that is taken may be changed: --steps, --save-every, --eval-every, and
    every field below limits, checkpoints, evaluation and periodic.
    """

    run: str = word(_RUN)


@dataclass(frozen=True, kw_only=True)
class EvalOptions:
    """Measure a model on tasks: reward and its spread, unbiased pass@k, 95% intervals."""

    model: str = word("a run's folder, or a Hugging Face folder")
    tasks: str = option("a family, gym:NAME, a file or a folder; a run has its own", default="")
    reward: str = option("a name or path.py; else the verifier that the tasks name", default="")
    split: str = option("train, dev, test or all; else test, or a whole file", default="")
    problems: int = option("at most so many; 0: all, or 100 of what has no end", default=0)
    system_prompt: str = option("the first message of every prompt", default="")
    max_prompt_length: int = option("tokens; longer prompts are left out; 0: the run's", default=0)
    samples: int = option("replies to each, besides the greedy one", default=16)
    k: str = option("of pass@k", default="1,4,16")
    temperature: float | None = option("of the samples; else the run's, or 1", default=None)
    max_new_tokens: int = option("of a reply; 0: the run's, else 256", default=0)
    device: str = option("auto, cpu or cuda", default="auto")
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class VerifyOptions:
    """Measure a judge on labelled replies: precision, recall, latency, steadiness, attacks."""

    reward: str = word("a name, path.py:function, or package.module:function")
    labelled: str = option("synthetic, or a file: prompt, reply, answer, correct")
    against: str = option("another judge, to compare with", default="")
    rows: int = option("of the synthetic set", default=2400)
    concurrency: int = option("calls under way", default=2)
    examples: int = option("shown of each kind", default=5)
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """What there is: algorithms, rewards, sampling, corpora, environments, extensions, recipes."""

    kind: str = word("one of these, in the plural or the singular", default="all")
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class ShowOptions:
    """One part: equation, source, defaults, needs, relatives."""

    name: str = word("of an algorithm, a reward, a part of a slot, … (whet list)")
    json: bool = option(_JSON, default=False)


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Write report.html into a run's folder."""

    run: str = word(_RUN)


@dataclass(frozen=True, kw_only=True)
class DoctorOptions:
    """The health of this machine, or of a run."""

    run: str = word(f"{_RUN}; without it, this machine is examined", default="")


ARGUMENTS: Mapping[str, type] = {
    "resume": ResumeOptions,
    "eval": EvalOptions,
    "verify": VerifyOptions,
    "list": ListOptions,
    "show": ShowOptions,
    "report": ReportOptions,
    "doctor": DoctorOptions,
}
