"""One wrong input."""

import shlex
from dataclasses import dataclass

SMALL = "recipe_small.py"
RLVR = "rlvr --model model --data sums.jsonl --reward exact --max-new-tokens 4"


@dataclass(frozen=True, slots=True)
class Row:
    """The words after `whet`, and the texts that the message has to hold."""

    words: tuple[str, ...]
    told: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.words)[-70:] or "nothing"


def row(line: str, *told: str) -> Row:
    """A row of a line as a shell would read it."""
    return Row(tuple(shlex.split(line)), told)


def for_both(tail: str, *told: str) -> list[Row]:
    """What `plan` refuses as `train` does."""
    return [row(f"{command} {tail}", *told) for command in ("train", "plan")]
