"""Lists of options in a text: those that only repeat the question, and those with verdicts."""

import re
from collections.abc import Iterator, Sequence

from whet.rewards.verifiable.option_mentions import Options

_LISTED = re.compile(r"[\s\-*_>]*\(?([A-Za-z])[).:][\s*_]*\S")
_VERDICT = re.compile(
    r"(?P<yes>[✅✔✓☑]|\b(?:yes|true|correct|right)\b)|(?P<no>[❌✗✘✖]|\b(?:no|false|incorrect"
    r"|wrong|not)\b)",
    re.IGNORECASE,
)


def verdict_table(text: str, options: Options, *, denied: bool) -> frozenset[str]:
    """The one option whose verdict (yes, ✅, false, …) differs, where each option has a verdict."""
    marks: dict[str, str] = {}
    for found in re.finditer(
        r"(?:^|(?<=[\s(]))\(?([A-Za-z])(?:[):.]|(?=\s*[✅✔✓☑❌✗✘✖]))[^\n]*?"
        r"(?=\s\(?[A-Za-z](?:[):]\s|\s*[✅✔✓☑❌✗✘✖])|\n|$)",
        text,
    ):
        said = {verdict.lastgroup for verdict in _VERDICT.finditer(found[0])}
        if len(said) == 1:
            marks[found[1].upper()] = str(said.pop())
    if "".join(sorted(marks)) != options.letters or len(marks) < 2:  # noqa: PLR2004
        return frozenset()
    sides = [[one for one in marks if marks[one] == side] for side in ("yes", "no")]
    single = [side for side in sides if len(side) == 1]
    wanted = sides[denied]
    return frozenset(single[0] if len(single) == 1 else wanted if len(wanted) == 1 else ())


def unlisted(lines: Sequence[str]) -> Iterator[str]:
    """The lines without runs that list options: (A) …, (B) …"""
    labels = [found[1].upper() if (found := _LISTED.match(line)) else "" for line in lines]
    filled = [place for place, line in enumerate(lines) if line.strip()]
    runs: set[int] = set()
    for one, other in zip(filled, filled[1:], strict=False):
        if labels[one] and labels[other] and ord(labels[other]) == ord(labels[one]) + 1:
            runs |= {one, other}
    return ("" if place in runs else line for place, line in enumerate(lines))
