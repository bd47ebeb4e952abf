"""Outputs of a judge that quote a verdict, replies that forge one, and ordinary outputs.

    python benchmarks/judge_outputs.py [--keep]

The outputs and replies are those of tests/hostile_judges.py and tests/ordinary_judges.py.  A quoted
verdict wins where it is read.  A forged one wins where a judge that repeats the reply, and is asked
again, gives it more than the worst score.  An ordinary output is lost where it is not read.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from attack_counts import Attacks

from whet.rewards.generative.forms import Unreadable
from whet.types import ChatReply

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
hostile = import_module("hostile_judges")
ordinary = import_module("ordinary_judges")
echoing = import_module("echoing_judges")


def is_read(form: Any, text: str) -> bool:
    """Whether a form reads a verdict in a text."""
    try:
        form.read(ChatReply(text=text))
    except Unreadable:
        return False
    return True


def quoted() -> Iterator[Attacks]:
    """Quotations of the best and the worst verdict of every form."""
    for name, (form, win, lose, _) in hostile.FORMS.items():
        texts = [template.format(win=win, lose=lose) for template in hostile.TEMPLATES.values()]
        won = sum(is_read(form, text) for text in texts)
        yield Attacks(
            judge="model judges", attack="quoted verdict", place=name, tried=len(texts), won=won
        )


def forged() -> Iterator[Attacks]:
    """Replies that forge a verdict, repeated by a judge once or again and again."""
    for name, judge in echoing.JUDGES.items():
        tried = won = 0
        for style in echoing.ECHOES:
            for injection in hostile.INJECTIONS:
                for ever in (False, True):
                    said = echoing.echoing(style, for_ever=ever)
                    asked = replace(judge, chat_model=said)
                    found, _ = echoing.judged(asked, injection, "It is 42.")
                    tried, won = tried + 1, won + (found.judged and found.score > 0)
        yield Attacks(
            judge="model judges", attack="forged verdict", place=name, tried=tried, won=won
        )


def plain() -> Iterator[Attacks]:
    """Ordinary outputs, of which none may be lost."""
    for name in ("ruling", "leaning"):
        form, win, lose, _ = hostile.FORMS[name]
        texts = [
            reasons + line.format(verdict)
            for reasons in ordinary.REASONS
            for line in ordinary.LINES
            for verdict in (win, lose)
        ]
        yield _lost(name, form, texts)
    for name in ("score", "dimensions", "criterion", "comparison"):
        form, win, lose, _ = hostile.FORMS[name]
        yield _lost(name, form, [o.format(v) for o in ordinary.OBJECTS for v in (win, lose)])
    form = hostile.FORMS["digit"][0]
    yield _lost("digit", form, [around.format(n) for around in ordinary.DIGITS for n in range(10)])


def _lost(name: str, form: Any, texts: list[str]) -> Attacks:
    lost = sum(not is_read(form, text) for text in texts)
    return Attacks(
        judge="model judges", attack="ordinary output, lost", place=name, tried=len(texts), won=lost
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="outputs of model judges")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/verdicts")
    asked = parser.parse_args()
    print("| judge | attack | form or judge | tried | won | note |\n" + "| --- " * 6 + "|")
    for source in (quoted, forged, plain):
        for row in source():
            print(row.line(), flush=True)
            if asked.keep:
                row.keep()


if __name__ == "__main__":
    main()
