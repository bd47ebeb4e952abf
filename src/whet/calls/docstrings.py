"""Docstrings in Google's style: what a function does, and what its parameters mean."""

import re
from inspect import cleandoc

_SECTION = re.compile(r"^(Args|Returns|Raises):[ \t]*$", re.MULTILINE)
_ENTRY = re.compile(r"^(\w+)(?:[ \t]*\([^)\n]*\))?:[ \t]*(.*)$")


def described(text: str) -> tuple[str, dict[str, str]]:
    """The description above the first section, and the texts of the section `Args`, by name."""
    before, *sections = _SECTION.split(cleandoc(text))
    bodies = dict(zip(sections[::2], sections[1::2], strict=True))
    return before.strip(), _entries(bodies.get("Args", ""))


def _entries(body: str) -> dict[str, str]:
    """Entries stand at the indentation of the first one; deeper lines continue an entry."""
    lines = [line for line in body.splitlines() if line.strip()]
    indent = len(lines[0]) - len(lines[0].lstrip()) if lines else 0
    found, name = dict[str, list[str]](), ""
    for line in lines:
        entry = _ENTRY.match(line[indent:]) if line[:indent].isspace() else None
        if entry is not None:
            name = entry[1]
        if name:
            found.setdefault(name, []).append(line.strip() if entry is None else entry[2].strip())
    return {name: " ".join(filter(None, told)) for name, told in found.items()}
