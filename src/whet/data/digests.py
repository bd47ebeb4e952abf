"""Digests of training tasks and of model folders, by which a resumed run knows them again."""

from collections.abc import Collection
from hashlib import blake2b, file_digest
from pathlib import Path

from whet.protocols import Corpus

_READ = {".safetensors", ".bin", ".json", ".jinja", ".model", ".txt"}


def folder_digest(folder: Path, but: Collection[str] = ()) -> str:
    """The BLAKE2b of a model folder's weights, configuration and tokenizer.

    Files with the names `but` are left out.
    """
    held = blake2b(digest_size=16)
    for path in sorted(folder.iterdir()):
        if path.suffix in _READ and path.name not in but and path.is_file():
            with path.open("rb") as file:
                held.update(f"{path.name} ".encode() + file_digest(file, "blake2b").digest())
    return held.hexdigest()


def digest(corpus: Corpus) -> str:
    """The BLAKE2b of all training tasks in the corpus's own order; empty for an endless corpus.

    It depends on prompts, answers, tools and further data of the tasks, not on the names of files.
    """
    hashed = blake2b(digest_size=16)
    size = corpus.size("train")
    for index in range(size or 0):
        task = corpus.task("train", index)
        held = task.prompt, task.answer, task.alternatives, task.tools, dict(task.info)
        hashed.update(f"{held!r}\n".encode(errors="backslashreplace"))
    return hashed.hexdigest() if size else ""
