"""Templates of functions, with places where a bug can be."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

_PLACE = re.compile(r"@([^@]*)@([^@]*)@")
_PARAMETER = re.compile(r"\$[ab]")

_INPUTS: Mapping[str, Callable[[Random], Any]] = {
    "n": lambda rng: rng.randint(0, 12),
    "m": lambda rng: rng.randint(0, 999),
    "k": lambda rng: rng.randint(1, 4),
    "x": lambda rng: rng.randint(-20, 20),
    "y": lambda rng: rng.randint(-20, 20),
    "xs": lambda rng: [rng.randint(-9, 12) for _ in range(rng.randint(0, 7))],
    "ys": lambda rng: [rng.randint(-9, 12) for _ in range(rng.randint(0, 7))],
    "s": lambda rng: "".join(rng.choices("abcde  ", k=rng.randint(0, 10))).strip(),
}


@dataclass(frozen=True, slots=True)
class FunctionTemplate:
    """A function `f`, as text.

    `@right@wrong@` is a place where a bug can be, and `$a` and `$b` are numbers from 2 to 9.  The
    names of the parameters say what the inputs are: `n`, `m`, `k`, `x`, `y` are numbers, `xs`,
    `ys` are lists of numbers, and `s` is a text.
    """

    text: str

    @property
    def places(self) -> int:
        """The number of places where a bug can be."""
        return len(_PLACE.findall(self.text))

    def source(self, numbers: Mapping[str, int], wrong: Sequence[int] = ()) -> str:
        """The function with these numbers, and with bugs at these places."""
        parts = _PLACE.split(self.text)
        for place in range(self.places):
            right, bug = parts[3 * place + 1 : 3 * place + 3]
            parts[3 * place + 1 : 3 * place + 3] = ["", bug if place in wrong else right]
        return _PARAMETER.sub(lambda found: str(numbers[found[0]]), "".join(parts))

    def inputs(self, rng: Random) -> list[Any]:
        """Arguments of a call."""
        head = self.text[self.text.index("(") + 1 : self.text.index(")")]
        return [_INPUTS[name](rng) for name in head.split(", ")]


def templates_of(text: str) -> tuple[FunctionTemplate, ...]:
    """The templates in a text, with an empty line between two of them."""
    return tuple(FunctionTemplate(one.strip()) for one in text.split("\n\n"))
