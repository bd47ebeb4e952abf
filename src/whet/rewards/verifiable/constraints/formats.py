"""Constraints on form: bullets, highlights, sections, JSON, a title, one of three answers."""

import json
import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.rewards.verifiable.constraints.constraint import more

_BULLET = re.compile(r"^[^\S\n]*[*-][^\S\n]+(?=[^\n]*\w)[^\n]*", re.MULTILINE)
_HIGHLIGHT = re.compile(r"(?<![\w*\\])(\*{1,3})(?![\s*])[^\n*]*(?<![\s*])\1(?![\w*])")
_FENCED = re.compile(r"```(?:json|Json|JSON)?(.*)```", re.DOTALL)
_ANSWERS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """Exactly `num_bullets` bullet points, which are lines that begin with `* ` or `- `."""

    name: ClassVar[str] = "detectable_format:number_bullet_lists"
    num_bullets: int

    @classmethod
    def generate(cls, rng: Random) -> "Bullets":
        return cls(num_bullets=rng.randint(1, 5))

    def describe(self) -> str:
        return f"Use exactly {self.num_bullets} bullet points, lines such as: * This is a point."

    def check(self, text: str) -> bool:
        return self._count(text) == self.num_bullets

    def mend(self, text: str) -> str:
        missing = self.num_bullets - self._count(text)
        if missing > 0:
            return "\n* ".join([text, *more(text, missing)])
        return _BULLET.sub("", text, count=-missing) if missing else text

    def _count(self, text: str) -> int:
        return len(_BULLET.findall(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstrainedResponse:
    """Exactly one of three answers, word for word."""

    name: ClassVar[str] = "detectable_format:constrained_response"

    @classmethod
    def generate(cls, rng: Random) -> "ConstrainedResponse":
        return cls()

    def describe(self) -> str:
        return f"Answer with one of these: {' '.join(_ANSWERS)}"

    def check(self, text: str) -> bool:
        return sum(answer in text for answer in _ANSWERS) == 1

    def mend(self, text: str) -> str:
        return f"{_ANSWERS[0]} {text}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Highlights:
    """At least `num_highlights` highlighted parts, `*like this*` or `**like this**`."""

    name: ClassVar[str] = "detectable_format:number_highlighted_sections"
    num_highlights: int

    @classmethod
    def generate(cls, rng: Random) -> "Highlights":
        return cls(num_highlights=rng.randint(1, 4))

    def describe(self) -> str:
        return f"Highlight at least {self.num_highlights} parts with markdown, *like this*."

    def check(self, text: str) -> bool:
        return self._count(text) >= self.num_highlights

    def mend(self, text: str) -> str:
        return text + " Note *this part*." * (self.num_highlights - self._count(text))

    def _count(self, text: str) -> int:
        return len(_HIGHLIGHT.findall(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """At least `num_sections` sections: a line that begins with a word such as `Section` and a
    number of its own, and a text.
    """

    name: ClassVar[str] = "detectable_format:multiple_sections"
    num_sections: int
    section_spliter: str = "Section"

    @classmethod
    def generate(cls, rng: Random) -> "Sections":
        return cls(num_sections=rng.randint(2, 4), section_spliter=rng.choice(("Section", "PART")))

    def describe(self) -> str:
        return (
            f"Write at least {self.num_sections} sections, and begin each with "
            f"{self.section_spliter} X, where X is its number."
        )

    def check(self, text: str) -> bool:
        return self._count(text) >= self.num_sections

    def mend(self, text: str) -> str:
        count = self._count(text)
        said = more(text, self.num_sections - count)
        sections = (f"\n{self.section_spliter} {count + n}\n{s}" for n, s in enumerate(said, 1))
        return text + "".join(sections)

    def _count(self, text: str) -> int:
        marker = re.escape(self.section_spliter.strip())
        found = re.split(rf"(?:^|(?<=\n))[#*_>\"' \t]*{marker}\s?(\d+)", text)
        filled = zip(found[1::2], found[2::2], strict=True)
        return len({number for number, said in filled if re.search(r"[^\W_]", said)})


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFormat:
    """The whole reply is JSON of any type, in a closed fence or alone."""

    name: ClassVar[str] = "detectable_format:json_format"

    @classmethod
    def generate(cls, rng: Random) -> "JsonFormat":
        return cls()

    def describe(self) -> str:
        return "The whole answer must be JSON; it may stand between ```json and ```."

    def check(self, text: str) -> bool:
        text = text.strip()
        if fenced := _FENCED.fullmatch(text):
            text = fenced[1]
        try:
            json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return False
        return True

    def mend(self, text: str) -> str:
        return json.dumps({"answer": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """A title in double angular brackets."""

    name: ClassVar[str] = "detectable_format:title"

    @classmethod
    def generate(cls, rng: Random) -> "Title":
        return cls()

    def describe(self) -> str:
        return "Give a title in double angular brackets, such as <<poem of joy>>."

    def check(self, text: str) -> bool:
        return any(map(_titled, text.split("\n")))

    def mend(self, text: str) -> str:
        return f"<<about it>>\n{text}"


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _titled(line: str) -> bool:
    """Whether there is text between the first `<<` of a line and its last `>>`."""
    start, end = line.find("<<"), line.rfind(">>")
    inner = line[start : end + 2] if 0 <= start < end - 2 else ""
    return re.search(r"[^\W_]", inner) is not None
