"""Digests of the files that a run reads, and of its reward, by which a resumed run knows them.

Training tasks have a digest of their own (`whet.data.digests`), and so has the reference model,
which is the sealed checkpoint before the first step with rewards.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any

from whet.data.digests import folder_digest
from whet.training.as_json import PART, to_json
from whet.training.imported_files import imported_files
from whet.training.run import Run

Digests = dict[str, dict[str, str]]
"""By what it is of (model, reward, teacher …), then by the field of the run."""

_MEASURING = ("evaluation", "eval_corpus", "periodic", "limits", "checkpoints", "steps")
_ROLES = ("teacher", "reference", "opponent")  # anywhere in the path of a field
_WORDS = {"corpus": "data"}
_SIZE = 16  # bytes of a digest
_OF_RUN = ("place.json", "seal.json", "ledger.json", "reported.json", "opponents.json")
"""Files of a checkpoint that are no part of its model."""


def role(field: str) -> str:
    """What a field of a run belongs to, in the words of `--accept`: data, model, reward, teacher.

    A field below none of these has its first word: `objective.critic.folder` is of the objective.
    """
    path = field.partition(" ")[0]
    named = next((name for name in _ROLES if name in path), "")
    head = path.partition(".")[0]
    return named or _WORDS.get(head, head)


def inputs(run: Run, *, tasks_known: bool) -> Digests:
    """The digests of files and model folders that the fields of a run name, and of its reward.

    The files of the corpus are left out where its tasks are known by their content.  A Python file
    brings the modules beside it that it imports.
    """
    held = to_json(run)
    found: Digests = {}
    for field, path in _files(held, ""):
        head = field.partition(".")[0]
        if head in _MEASURING or (tasks_known and head == "corpus"):
            continue
        if role(field) != "opponent" or path.is_file():  # the card has models at a seat elsewhere
            known = found.setdefault(role(field), {})
            known[field] = _digest(path)
            for beside in imported_files(path) if path.suffix == ".py" else ():
                known[f"{field} imports {beside.name}"] = _digest(beside)
    if run.reward is not None:
        found.setdefault("reward", {})["reward"] = text_digest(held["reward"])
    found["recipe"] = {"recipe": text_digest(held)}
    return found


def _files(held: Any, field: str) -> Iterator[tuple[str, Path]]:
    """The fields that name a file or a model folder, and those whose class is in a user's file."""
    if isinstance(held, Mapping):
        file, colon, _ = str(held.get(PART, "")).rpartition(":")
        if colon and Path(file).is_file():
            yield f"{field}.{PART}", Path(file)
        inner = held.items()
    elif isinstance(held, list):
        inner = enumerate(held)
    else:
        if isinstance(held, str) and _is_input(held):
            yield field, Path(held)
        return
    for name, item in inner:
        if name != PART:
            yield from _files(item, f"{field}.{name}".lstrip("."))


def _is_input(text: str) -> bool:
    """Whether a text names a model folder, or a file by a path or a name with an ending."""
    path = Path(text)
    try:
        named = "/" in text or path.suffix
        return bool(named) and (path.is_file() or (path / "config.json").is_file())
    except (OSError, ValueError):  # no path at all, such as a long prompt
        return False


def _digest(path: Path) -> str:
    if path.is_dir():
        return folder_digest(path, _OF_RUN)
    with path.open("rb") as file:
        return file_digest(file, lambda: blake2b(digest_size=_SIZE)).hexdigest()


def text_digest(held: Any) -> str:
    """The digest of a value of a card."""
    return blake2b(json.dumps(held, sort_keys=True).encode(), digest_size=_SIZE).hexdigest()
