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
    answer: str  # in the reply
    reply: str
    correct: bool
    form: str  # the form of its announcement


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
    """The sample at a place, the same for equal seeds.  Kinds alternate; the label is drawn.

    A wrong reply gives a near miss: another sign, an extra digit, open ends of an interval in place
    of closed ones.  The label is that of the last announced answer.  Wrong reasoning before a right
    answer counts as right, and the other way round.
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
