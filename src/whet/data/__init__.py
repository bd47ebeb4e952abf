"""Static corpora: tasks by the name of a procedural family, of a data set, or by a path."""

from pathlib import Path

from whet import registry
from whet.data._rows import READERS
from whet.data.files import File
from whet.data.gym import Gym
from whet.data.problems import Problems
from whet.data.procedural import Procedural
from whet.protocols import Corpus
from whet.types import UsageError


def load(name: str, **settings: object) -> Procedural:
    """The procedural family that a name, or a path to a Python file, means."""
    return registry.find("corpus", name)(**settings)


def corpus(text: str) -> Corpus:
    """The corpus that a name or a path means.

    `lock`: a procedural family at all its levels; `gym:chain_sum`: a data set of reasoning_gym;
    `tasks.jsonl`, `tasks.parquet`: a file.
    """
    if Path(text).suffix in READERS:
        return File(path=text)
    if text.startswith("gym:"):
        return Gym(dataset=text.removeprefix("gym:"))
    known = registry.names("corpus")
    if text not in known and not text.partition(":")[0].endswith(".py"):
        hint = registry.nearest(text, known)
        raise UsageError(
            f"corpus {text!r} is unknown; {hint}, gym:NAME, or the path of a .jsonl file"
        )
    family = load(text)
    return Problems(family=family, levels=family.levels)
