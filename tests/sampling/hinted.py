"""A setup whose demonstrator writes solutions, with one token per character."""

from whet.protocols import Corpus, Now, SamplingSetup
from whet.types import Decoding, Play, Request, Task, Ticket

END = 0  # the id that closes a reply
HOW = Decoding(max_new_tokens=64)


class Nothing(Corpus):
    """A corpus without tasks."""

    def task(self, split, index):
        raise LookupError(split, index)

    def held_out(self, split, count):
        return []


def ids(task, reply):
    """Ids of a reply as a renderer gives them: trimmed, and closed."""
    del task
    return (*(ord(c) for c in reply.rstrip()), END)


def text(tokens):
    return "".join(map(chr, tokens))


def setup_of(solutions):
    """The setup with these solutions by task."""
    return SamplingSetup(
        corpus=Nothing(),
        seed=5,
        steps=100,
        demonstrate=lambda task: solutions.get(task.id),
        ids=ids,
    )


def now(step=0, steps=100):
    return Now(step=step, steps=steps, version=step, metrics={})


def asked(task, plays=4, completes=None, how=HOW):
    """A request with seeds 0, 1, …"""
    return Request(
        task=task,
        plays=tuple(Play(seed=seed, decoding=how) for seed in range(plays)),
        completes=completes,
    )


def task_of(name="t", prompt="2*3+4=", answer="10", **fields):
    return Task(id=name, prompt=prompt, answer=answer, **fields)


def landed(request, number=0, attempt=0):
    return Ticket(number=number, request=request, attempt=attempt)
