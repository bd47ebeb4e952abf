"""A digest of training tasks, by which a resumed run knows its data again."""

from hashlib import blake2b

from whet.protocols import Corpus


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
