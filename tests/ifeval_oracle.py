"""IFEval's own checkers, as if-verifiable 0.1.2 packs them: `pip install 'whet[oracles]'`.

    python tests/ifeval_oracle.py      # records their verdicts anew

Sentences are left out: punkt's data has to be downloaded apart.  langdetect draws at random, so it
gets a seed.
"""

import json
from functools import partial
from pathlib import Path
from random import Random

import constraint_cases
import langdetect  # pyright: ignore[reportMissingImports]
import nltk  # pyright: ignore[reportMissingImports]
from if_verifiable.ifeval.instructions_registry import INSTRUCTION_DICT  # pyright: ignore[reportMissingImports]

RECORDED = Path(__file__).parent / "rewards" / "verifiable" / "ifeval_verdicts.jsonl"
langdetect.DetectorFactory.seed = 0
nltk.word_tokenize = partial(nltk.word_tokenize, preserve_line=True)  # else it needs punkt's data


def verdict(kind: str, arguments: dict, text: str) -> bool:
    """What the benchmark says of a text."""
    checker = INSTRUCTION_DICT[kind](kind)
    checker.build_description(**arguments)
    return bool(checker.check_following(text))


def drawn(kind: str, each: int, rng: Random):
    """So many cases that hold, and so many that do not."""
    wanted = {True: each, False: each}
    while any(wanted.values()):
        text, arguments = constraint_cases.text(rng), constraint_cases.arguments(kind, rng)
        if text.strip() and wanted[met := verdict(kind, arguments, text)]:
            wanted[met] -= 1
            yield kind, arguments, text, met


def main() -> None:
    """Write ten cases of each kind that hold, and ten that do not."""
    cases = [case for kind in constraint_cases.EXACT for case in drawn(kind, 10, Random(kind))]
    for kind, arguments, text in constraint_cases.in_languages():
        cases.append((kind, arguments, text, verdict(kind, arguments, text)))
    lines = (json.dumps(case, ensure_ascii=False) for case in cases)
    RECORDED.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
