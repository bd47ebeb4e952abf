"""Replies that no world expects."""

from collections.abc import Sequence
from random import Random

MARKERS = (
    "<tool_call>{}</tool_call>", "<|im_end|>", "</think>", "<think>", "<answer></answer>",
    "\\boxed{}", "[]", "[offer 9 9 9]", "<answer>" * 2000, "[" * 5000, "\\boxed{" * 3000,
)  # fmt: skip
MOVES = (
    "U", "UDLR" * 9, "h", "s", "accept", "offer 1 0 0: x", "open 1 1", "open 9 9", "flag 1 1",
    "13", "11", "1122", "1", "9", "0", "p", "b", "look", "go moon", "take it", "put", "b1",
)  # fmt: skip
FOLDED = ("ſ", "\N{KELVIN SIGN}", "ﬂag 1 1", "١", "²", "１", "ⅰ", "L\u0307", "U\n", "\x00U", "Ｕ")


def noise(rng: Random, words: Sequence[str]) -> str:
    """Bytes, control characters, long lines, shuffled words, moves of other worlds, markers."""
    spoken = list(" ".join(words))
    kinds = (
        lambda: rng.randbytes(rng.randint(0, 40)).decode("latin-1"),
        lambda: "".join(chr(rng.randrange(32)) for _ in range(9)),
        lambda: rng.choice("01UhX.[ ") * 20_000,
        lambda: "".join(rng.sample(spoken, len(spoken)))[:60],
        lambda: rng.choice(MOVES),
        lambda: rng.choice(MARKERS),
        lambda: rng.choice(FOLDED),
        lambda: f"[{rng.choice(MOVES)}]",
        lambda: "",
    )
    return rng.choice(kinds)()
