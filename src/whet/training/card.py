"""The run card: all that is needed to repeat a run and to rebuild it."""

import json
import os
import platform
import subprocess
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import torch

from whet import durable
from whet.data.digests import digest
from whet.environments.opponents import Frozen
from whet.training.as_json import from_json, to_json
from whet.training.inputs import inputs, role, text_digest
from whet.training.run import Run
from whet.types import UsageError

CARD = "run.json"
_PARTS = {"run": dict, "directory": str, "recipe": str, "arguments": list}  # that every card has
_PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "math-verify", "peft")


class Difference(NamedTuple):
    """A dotted field in which two values differ, with both of its values as JSON."""

    field: str
    was: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.field}: was {self.was!r}, is {self.now!r}"


def differences(one: Any, other: Any, path: str = "") -> list[Difference]:
    """The dotted fields in which two values differ, both as `to_json` writes them."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted(one.keys() | other.keys())
        pairs = [(name, one.get(name), other.get(name)) for name in names]
        return [d for n, a, b in pairs for d in differences(a, b, f"{path}.{n}".lstrip("."))]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, f"{path}.{i}")]
    return [] if one == other else [Difference(path, one, other)]


def card(run: Run, recipe: str = "", arguments: Sequence[str] = ()) -> dict[str, Any]:
    """The card of a run, written before any compute.

    `run` is enough to make the run again.  `recipe` and `arguments` are the words of a command
    line; a run that a script made has none.  `chat` has what the probe of the chat template found
    (`with_chat`).  Raises `UsageError` for a part that JSON can't hold.
    """
    data = digest(run.corpus)
    return {
        "whet": _version("whet"),
        "identity": uuid4().hex,  # of the run, which its checkpoints have, too
        "recipe": recipe,
        "arguments": list(arguments),
        "directory": os.getcwd(),
        "commit": _commit(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "threads": run.engine.threads or torch.get_num_threads(),
        "device": run.engine.hardware(),
        "float32": torch.get_float32_matmul_precision(),  # highest: no product in TF32
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
        "run": to_json(run),
        "data": data,  # digest of the training tasks; empty for an endless corpus
        "digests": inputs(run, tasks_known=bool(data)),  # of models, reward, teachers and others
        "chat": {},  # facts of the chat template
        "opponents": frozen(run),  # digests of folders
        "changes": [],  # of the run since it began, in order: field, was, is, step
        "notices": [],  # of what was odd about the folder when the run went on
    }


def with_chat(held: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The card with facts of the chat template: what ends, closes and opens a reply, and notes."""
    return {**held, "chat": dict(facts)}


def chat_notes(held: Mapping[str, Any]) -> list[str]:
    """What the card says of the chat template, one sentence each."""
    return [*held.get("chat", {}).get("notes", ())]


def frozen(run: Run) -> dict[str, str]:
    """The digests of the models that sit at a seat and are not trained, by their folders."""
    models = [one for one in run.environment.opponents if isinstance(one, Frozen)]
    return {model.folder: model.digest() for model in models}


def exists(folder: Path) -> bool:
    """Whether a folder is a run folder."""
    return os.path.isfile(folder / CARD)  # False, too, where the folder may not be searched


def read(folder: Path) -> dict[str, Any]:
    """The card of a run folder.  Raises `UsageError` if there is none."""
    path = folder / CARD
    try:
        if not path.is_file():
            raise UsageError(
                f"{str(folder)!r} is no run folder (it has no {CARD}); see runs/ for yours"
            )
        held = json.loads(path.read_text(encoding="utf-8"))
    except UsageError:
        raise
    except OSError as error:
        raise UsageError(
            f"run folder {str(folder)!r} can't be read ({error.strerror}); get the permission, or "
            "mend its disk"
        ) from error
    except ValueError as error:
        raise UsageError(f"{str(path)!r} is no JSON: {error}; restore it, or train anew") from error
    odd = next((n for n, kind in _PARTS.items() if not isinstance(_of(held, n), kind)), "")
    if odd:
        raise UsageError(
            f"{str(path)!r} is not the card of a run, for {odd!r} is missing or damaged; restore "
            "it, or train anew"
        )
    return held


def _of(held: Any, name: str) -> Any:
    return held.get(name) if isinstance(held, dict) else None


def write(folder: Path, held: dict[str, Any]) -> None:
    """Write the card into its folder, whole or not at all, with a seal of the run."""
    held = {**held, "seal": text_digest(held["run"])}
    text = json.dumps(held, indent=1, ensure_ascii=False, allow_nan=False)
    # a byte of a command line that is no UTF-8 is a surrogate, which JSON writes as \udcXX
    durable.write(folder / CARD, f"{text}\n".encode(errors="backslashreplace"))


def with_notice(held: Mapping[str, Any], message: str) -> dict[str, Any]:
    """The card with one more sentence about its folder."""
    return {**held, "notices": [*held.get("notices", ()), message]}


def run_of(held: Mapping[str, Any], accept: Collection[str] = ()) -> Run:
    """The run that a card describes; paths in it are relative to the card's `directory`.

    Raises `UsageError` for a part that can't be imported, and for one that has changed since, if
    `accept` does not have what it is of; for a card that has changed, unless it has "recipe".
    """
    run = from_json(held["run"])
    if not isinstance(run, Run):
        raise UsageError(
            f"the card describes a {type(run).__name__}, which is not a run; start a new run"
        )
    changed = differences(held["run"], to_json(run))
    if odd := [found for found in changed if role(found.field) not in accept]:
        raise UsageError(
            f"a part of the run has changed since it began: {odd[0]}; restore it, or resume it "
            f"with --accept {role(odd[0].field)}"
        )
    if resealed(held) and "recipe" not in accept:
        raise UsageError(
            f"run of {CARD} is not as it was written; restore the card, or go on with what it says "
            "by --accept recipe"
        )
    return run


def resealed(held: Mapping[str, Any]) -> Difference | None:
    """The seals of a card and of the run on it, if the run is not the one that was written."""
    was, now = held.get("seal", ""), text_digest(held["run"])
    return Difference(f"recipe of {CARD}", was, now) if was not in ("", now) else None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The Git commit of the current directory, with a + if it has uncommitted changes."""
    asked = ["git", "describe", "--always", "--dirty=+", "--abbrev=40", "--exclude=*"]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10)
    except FileNotFoundError:
        return None
    return found.stdout.strip() or None
