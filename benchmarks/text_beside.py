"""Our judges of choices, short answers and constraints beside public rules, on the same rows.

    python benchmarks/text_beside.py open     # or siblings; `kept` is measured once

Constraints need IFEval's own checkers, in an environment of their own beside this project:
`python -m venv beside; beside/bin/pip install if-verifiable langdetect nltk`, and a copy of this
project on its path; without them that line is left out.  Choices: the pattern of MMLU-Pro and of
OpenAI's simple-evals, `answer is (X)` or `Answer: X`, else the last capital that stands alone.
Short answers: SQuAD's exact match (Rajpurkar et al., arXiv:1606.05250) of the text after `Answer:`
or in `<answer>`, else of the whole reply.
"""

import argparse
import asyncio
import re
from collections.abc import Mapping
from typing import Any

from labelled_judges import judged, line, rows_of

from whet.rewards.verifiable.words import squad

Row = Mapping[str, Any]
_ANSWER_IS = re.compile(r"answer(?:\s+is|\s*:)\s*\**\s*\(?([A-J])\b\)?", re.IGNORECASE)
_MARKED = re.compile(r"<answer>(.*?)</answer>|answer:\s*([^\n]+)", re.IGNORECASE | re.DOTALL)


def choice(row: Row) -> bool:
    """MMLU-Pro's rule."""
    found = _ANSWER_IS.findall(row["reply"]) or re.findall(r"\b([A-J])\b", row["reply"])
    return bool(found) and found[-1].upper() == row["gold"]


def qa(row: Row) -> bool:
    """SQuAD's exact match."""
    marked = [one or other for one, other in _MARKED.findall(row["reply"])]
    said = squad(marked[-1] if marked else row["reply"].rpartition("</think>")[2])
    return any(said == squad(gold) for gold in row["golds"])


def constraints(row: Row) -> bool:
    """IFEval's own checkers, strictly."""
    from if_verifiable.ifeval.instructions_registry import (  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
        INSTRUCTION_DICT,
    )

    reply = row["reply"].rpartition("</think>")[2]
    for name, kwargs in zip(row["instruction_id_list"], row["kwargs"], strict=True):
        checker = INSTRUCTION_DICT[name](name)
        checker.build_description(**kwargs)
        if not (reply.strip() and checker.check_following(reply)):
            return False
    return True


def main() -> None:
    """A line for our judge and one for the public rule, for each set."""
    parser = argparse.ArgumentParser(description="judges of texts beside public rules")
    parser.add_argument("half", choices=("open", "siblings", "kept"))
    half = parser.parse_args().half
    print("| set | rows | precision | recall | wrong paid | right refused | no verdict |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, rule in (("choice", choice), ("qa", qa), ("constraints", constraints)):
        rows = rows_of(half, name)
        print(line(name, rows, asyncio.run(judged(name, rows))), flush=True)
        try:
            found = list(map(rule, rows))
        except ImportError as error:
            print(f"{name}, public rule: {error}")
        else:
            print(line(f"{name}, public rule", rows, found), flush=True)


if __name__ == "__main__":
    main()
