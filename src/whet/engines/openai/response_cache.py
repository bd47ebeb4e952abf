"""The cache of past answers, in memory and, with a folder, on disk."""

import asyncio
import json
import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import Any

from whet.types import ChatReply, Finish

Answers = tuple[ChatReply, ...]
_MOST = 20_000  # maximum number of answers in memory


def name(body: Mapping[str, Any]) -> str:
    """The key of a question: a hash of model, messages and decoding."""
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@dataclass(slots=True)
class ResponseCache:
    """Answers by question: the latest 20,000 in memory, all of them in the folder.

    A file per answer, because files survive forks, network disks and several writers; an SQLite
    database survives none of these.
    """

    folder: Path | None
    held: OrderedDict[str, Answers] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    async def get(self, key: str) -> Answers | None:
        """The past answers to a question, marked as cached; None if there are none."""
        with self.lock:
            found = self.held.get(key)
            if found is not None:
                self.held.move_to_end(key)
        if found is None and self.folder is not None:
            found = await asyncio.to_thread(_read, _place(self.folder, key))
            if found is not None:
                self._hold(key, found)
        return found

    async def put(self, key: str, answers: Answers) -> None:
        """Store the answers to a question; files are written atomically."""
        kept = tuple(replace(answer, remembered=True) for answer in answers)
        self._hold(key, kept)
        if self.folder is not None:
            await asyncio.to_thread(_write, _place(self.folder, key), kept)

    def _hold(self, key: str, answers: Answers) -> None:
        with self.lock:
            self.held[key] = answers
            while len(self.held) > _MOST:
                self.held.popitem(last=False)


def _place(folder: Path, key: str) -> Path:
    return folder / key[:2] / f"{key}.json"


def _write(place: Path, answers: Answers) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=place.parent, delete=False, encoding="utf-8") as file:
        json.dump([asdict(answer) for answer in answers], file)
    os.replace(file.name, place)


def _read(place: Path) -> Answers | None:
    """The answers in a file; an unreadable file counts as missing."""
    try:
        rows = json.loads(place.read_text(encoding="utf-8"))
        return tuple(
            ChatReply(
                **{
                    **row,
                    "tokens": tuple(row["tokens"]),
                    "top": None if row["top"] is None else tuple(row["top"]),
                    "finish": Finish(row["finish"]),
                }
            )
            for row in rows
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
