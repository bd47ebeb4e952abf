"""Judges of chains that vote by a script, and an observer that stops nothing."""

import re

from advisers import Scripted
from fakes import fake

from whet.evaluation.verifier_pass import Observer

CODE = re.compile(r"`Verdict ([0-9a-f]{16}): right`")


def quiet(**given):
    """Sees and stops nothing, unless something else is given."""

    def nothing(*args):
        del args

    return fake(Observer, **{"begin": nothing, "tick": nothing, "stopped": lambda: False} | given)


def verdict(question, said):
    """A reply that casts a vote: it ends with the code of the question."""
    return f"I checked it.\nVerdict {code_of(question)}: {said}"


def code_of(question):
    """The code without which no line of a reply to this question is a vote."""
    (code,) = CODE.findall(question)
    return code


def voting(*verdicts):
    """Says these verdicts, one question after the other; an exception is raised."""
    left = iter(verdicts)

    def say(reading):
        said = next(left)
        if isinstance(said, Exception):
            raise said
        return verdict(reading.user, said)

    return Scripted(say)
