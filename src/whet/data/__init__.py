"""Corpora: tasks from a procedural family, reasoning_gym, a published benchmark, or files."""

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

_GYM = "gym:"
_PREFIX = re.compile(r"[A-Za-z][\w-]*:")
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def load(name: str, **settings: object) -> Procedural:
    """The procedural family of a name, or of a path to a Python file."""
    return registry.find("corpus", name)(**settings)


def corpus(text: str) -> Corpus:
    """The corpus of a name or a path.

    `lock`, `mine.py`: a procedural family at all its levels; `gym:chain_sum`: a data set of
    reasoning_gym; `gsm8k:test.jsonl`: a file of a published benchmark; `tasks.jsonl`, a folder,
    `data/*.parquet`: files.
    """
    if text.startswith(_GYM):
        return Gym(dataset=text.removeprefix(_GYM))
    name, path = published(text)
    if path:
        return registry.find("benchmark", name)(path=path)
    if text.endswith(".py"):
        return own_problems(text)
    if text in registry.names("corpus"):
        family = load(text)
        return Problems(family=family, levels=family.levels)
    known = suffix(text) in READERS or is_pattern(text) or Path(text).is_dir()
    if text and known and not _prefixed(text):
        return File(path=text)
    raise UsageError(f"corpus {text!r} {_advice(text)}")


def published(text: str) -> tuple[str, str]:
    """The name of the benchmark in `gsm8k:test.jsonl`, and the path; empty for other texts.

    Capitals, hyphens and underscores of the name don't matter: `MMLU-Pro` is `mmlu_pro`.
    """
    prefix, _, path = text.partition(":")
    name = next((n for n in registry.names("benchmark") if _plain(n) == _plain(prefix)), "")
    return (name, path) if name else ("", "")


def anchored(text: str) -> str:
    """The same corpus by an absolute path, where it has a path."""
    name, path = published(text)
    if path:
        return f"{name}:{Path(path).absolute()}"
    there = Path(text).is_file() or (Path(text).is_dir() and text not in registry.names("corpus"))
    return str(Path(text).absolute()) if there else text


def benchmark(text: str) -> Corpus:
    """The corpus of a name or a path, for evaluation: all rows of a file, none reserved."""
    return Benchmark(corpus=corpus(text))


def _advice(text: str) -> str:
    """The message for a text that names no corpus, with the remedy."""
    if told := remedy(suffix(text)):
        return f"can't be read; {told}"
    if Path(text).is_file():
        return f"is a file of an unknown format; give {FORMATS}"
    if told := _of_benchmark(text):
        return told
    return _of_place(text)


def _of_place(text: str) -> str:
    """The message for an address, the name of a data set on a hub, a path, or another word."""
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
    return f"is unknown; {hint}, gym:NAME, BENCHMARK:FILE, or the path of {FORMATS}"


def _of_benchmark(text: str) -> str:
    """The message for a benchmark without a file, or of an unknown name; empty for other texts."""
    if name := published(text)[0]:
        return f"names no file; give {name}:FILE"
    if _prefixed(text) and "://" not in text:
        near = registry.nearest(text.partition(":")[0], registry.names("benchmark"))
        return f"has the name of no benchmark before its colon; {near}"
    return ""


def _prefixed(text: str) -> bool:
    """Whether a text is a word, a colon and more, and no path that exists."""
    return _PREFIX.match(text) is not None and not Path(text).exists()


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
