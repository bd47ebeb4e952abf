"""Mathematical answers in many spellings, right and nearly right, labelled by construction."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from whet.data import drawn_answers, phrases


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A question, its answer, and a reply that gives that answer or another."""

    kind: str
    prompt: str
    gold: str
    answer: str  # what the reply says
    reply: str
    correct: bool
    form: str  # how it says it


KINDS: dict[str, Callable[[Random], drawn_answers.DrawnAnswer]] = {
    "integer": drawn_answers.integer,
    "decimal": drawn_answers.decimal,
    "fraction": drawn_answers.fraction,
    "percent": drawn_answers.percent,
    "unit": drawn_answers.unit,
    "expression": drawn_answers.expression,
    "set": drawn_answers.set_of,
    "interval": drawn_answers.interval,
    "tuple": drawn_answers.tuple_of,
    "choice": drawn_answers.choice,
}


def draw(place: int, seed: int) -> Sample:
    """The sample of a place, the same for ever; kinds take turns, right and wrong are drawn.

    A wrong reply gives a near miss: another sign, a digit more, ends of intervals that are open
    instead of closed.  Whoever looks at what is announced last, after the thoughts, has the label;
    wrong thoughts before a right answer are right, and the other way round.
    """
    rng = Random(f"synthetic/{seed}/{place}")
    kind = list(KINDS)[place % len(KINDS)]
    drawn = KINDS[kind](rng)
    correct = rng.choice((True, False))
    answer = rng.choice(drawn.right if correct else drawn.wrong)
    decoy = rng.choice(drawn.wrong if correct else drawn.right)
    form, reply = phrases.phrase(rng, answer, decoy)
    return Sample(
        kind=kind,
        prompt=drawn.prompt,
        gold=drawn.gold,
        answer=answer,
        reply=reply,
        correct=correct,
        form=form,
    )
