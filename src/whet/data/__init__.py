"""Corpora: tasks from a procedural family, a data set of reasoning_gym, or files."""

import re
from pathlib import Path

from whet import registry
from whet.data.benchmark import Benchmark
from whet.data.files import File
from whet.data.formats import FORMATS, READERS, is_pattern, suffix
from whet.data.formats.foreign import remedy
from whet.data.gym import Gym
from whet.data.own_problems import own_problems
from whet.data.problems import Problems
from whet.data.procedural import Procedural
from whet.protocols import Corpus
from whet.types import UsageError

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def load(name: str, **settings: object) -> Procedural:
    """The procedural family of a name, or of a path to a Python file."""
    return registry.find("corpus", name)(**settings)


def corpus(text: str) -> Corpus:
    """The corpus of a name or a path.

    `lock`, `mine.py`: a procedural family at all its levels; `gym:chain_sum`: a data set of
    reasoning_gym; `tasks.jsonl`, a folder, `data/*.parquet`: files.
    """
    if text.startswith("gym:"):
        return Gym(dataset=text.removeprefix("gym:"))
    if text.endswith(".py"):
        return own_problems(text)
    if text in registry.names("corpus"):
        family = load(text)
        return Problems(family=family, levels=family.levels)
    known = suffix(text) in READERS or is_pattern(text) or Path(text).is_dir()
    if text and known and "://" not in text:
        return File(path=text)
    raise UsageError(f"corpus {text!r} {_advice(text)}")


def benchmark(text: str) -> Corpus:
    """The corpus of a name or a path, for evaluation: all rows of a file, none reserved."""
    return Benchmark(corpus=corpus(text))


def _advice(text: str) -> str:
    """The message for a text that names no corpus, with the remedy."""
    if told := remedy(suffix(text)):
        return f"can't be read; {told}"
    if Path(text).is_file():
        return f"is a file of an unknown format; give {FORMATS}"
    if "://" in text:
        return f"is an address, and whet downloads nothing; download it, and give {FORMATS}"
    if _HUB_NAME.fullmatch(text) and not Path(text).parent.is_dir():
        folder = text.rpartition("/")[2]
        return (
            "is no path here, and whet downloads nothing; run: hf download "
            f"{text} --repo-type dataset --local-dir {folder}, then give {folder}"
        )
    if len(Path(text).parts) > 1:
        return f"does not exist; give {FORMATS}"
    hint = registry.nearest(text, registry.names("corpus"))
    return f"is unknown; {hint}, gym:NAME, or the path of {FORMATS}"
