"""How the prompts of benchmarks ask for an answer that the rewards can find (the wording is ours).

Prompts are plain text, as those of other files: `--system-prompt` makes chats of them.
"""

from collections.abc import Sequence
from string import ascii_uppercase

_BOXED = r"Reason step by step, and put the final answer within \boxed{}."
_LETTER = (
    "Reason step by step. The last line has to be Answer: X, where X is the letter of one option."
)
_PROGRAM = "Reply with the whole program in one fenced block of Python."


def boxed_answer(question: str) -> str:
    """A question of mathematics; the answer is wanted in a box."""
    return f"{question.strip()}\n\n{_BOXED}"


def one_letter(question: str, options: Sequence[str]) -> str:
    """A question with its options, each after a letter; the letter is wanted in the last line."""
    letters = ascii_uppercase[: len(options)]
    listed = "\n".join(f"{at}) {one}" for at, one in zip(letters, options, strict=True))
    return f"{question.strip()}\n\n{listed}\n\n{_LETTER}"


def whole_program(request: str) -> str:
    """A request for a program; all of it is wanted in one fenced block."""
    return f"{request.strip()}\n\n{_PROGRAM}"


def fenced(code: str) -> str:
    """Code in a fenced block of Python."""
    return f"```python\n{code.rstrip()}\n```"
