"""Constraints on contents: placeholders, a postscript, a language."""

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.rewards.verifiable.languages import chance, codes, detect_language

_BRACKET = re.compile(r"\[[^\[\]\n]*\](?!\()")  # not a link
_WORD = re.compile(r"(?<!\w)[^\W\d_]{2,}(?!\w)")
_APART = re.compile(r'"[^"\n]*"|“[^”\n]*”|«[^»\n]*»|„[^“”\n]*[“”]|`[^`\n]*`|\([^()\n]*\)')
_SENTENCE = 5  # words without a capital, from which on the language of a line can be told
_SURE = 0.99  # probability: a line of another language has more
_POSTSCRIPTS = {"P.S.": r"p\.\s?s\.", "P.P.S": r"p\.\s?p\.\s?s"}
_SAMPLES = {
    "en": "This is the house that we have seen and it is not far from the river.",
    "de": "Das ist das Haus und wir sind nicht weit von dem Fluss mit den alten Brücken.",
    "fr": "Ce que nous avons vu dans la ville est une maison qui n'est pas loin de la rivière.",
    "es": "La casa que vimos no está lejos del río y es una de las más viejas de la ciudad.",
    "it": "La casa che abbiamo visto non è lontano dal fiume ed è una delle più vecchie.",
    "pt": "A casa que vimos não fica longe do rio e é uma das mais velhas da cidade.",
    "ru": "Это дом и он не так далеко от реки и мы все это видели как и она.",
    "hi": "यह घर नदी से दूर नहीं है और हम ने यह भी देखा है कि यह एक घर है।",
    "zh": "这座房子离河不远。",
    "ja": "この家は川から遠くありません。",
    "ko": "이 집은 강에서 멀지 않습니다.",
    "ar": "هذا هو البيت الذي كان على النهر و ما كان من قبل في هذه المدينة.",
    "th": "บ้านหลังนี้อยู่ไม่ไกลจากแม่น้ำ",
    "el": "Το σπίτι δεν είναι μακριά από το ποτάμι.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Placeholders:
    """At least `num_placeholders` placeholders in square brackets."""

    name: ClassVar[str] = "detectable_content:number_placeholders"
    num_placeholders: int

    @classmethod
    def generate(cls, rng: Random) -> "Placeholders":
        return cls(num_placeholders=rng.randint(1, 4))

    def describe(self) -> str:
        count = self.num_placeholders
        return f"Use at least {count} placeholders in square brackets, such as [address]."

    def check(self, text: str) -> bool:
        return self._count(text) >= self.num_placeholders

    def mend(self, text: str) -> str:
        return text + " Write to [address]." * (self.num_placeholders - self._count(text))

    def _count(self, text: str) -> int:
        return sum(any(map(str.isalpha, found)) for found in _BRACKET.findall(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Postscript:
    """The marker of a postscript occurs, in any case, with a word behind it."""

    name: ClassVar[str] = "detectable_content:postscript"
    postscript_marker: str = "P.S."

    @classmethod
    def generate(cls, rng: Random) -> "Postscript":
        return cls(postscript_marker=rng.choice(("P.S.", "P.P.S")))

    def describe(self) -> str:
        return f"At the end, add a postscript that starts with {self.postscript_marker}."

    def check(self, text: str) -> bool:
        marker = self.postscript_marker.strip()
        pattern = _POSTSCRIPTS.get(marker, re.escape(marker.lower()))
        return re.search(rf"(?<![\w.]){pattern}\W*\w", text.lower()) is not None

    def mend(self, text: str) -> str:
        return f"{text}\n{self.postscript_marker} Write soon."


@dataclass(frozen=True, slots=True, kw_only=True)
class InLanguage:
    """The whole reply is in one language.  A reply without letters is in none.

    No line may surely be in another (from 0.99 on).  What a line has in quotation marks, backquotes
    or brackets is not looked at, nor is one of fewer than five words without a capital, for names,
    code and numbers are in no language.
    """

    name: ClassVar[str] = "language:response_language"
    language: str

    def __post_init__(self) -> None:
        if self.language not in codes():
            raise ValueError(f"language is {self.language!r}; it can't be told")

    @classmethod
    def generate(cls, rng: Random) -> "InLanguage":
        return cls(language=rng.choice(sorted(_SAMPLES)))

    def describe(self) -> str:
        return f"Answer in the language {self.language}, and in no other."

    def check(self, text: str) -> bool:
        lines = text.split("\n") if "\n" in text.strip() else []
        return detect_language(text) == self.language and not any(map(self._foreign, lines))

    def _foreign(self, line: str) -> bool:
        said = _APART.sub(" ", line)
        if sum(not word[0].isupper() for word in _WORD.findall(said)) < _SENTENCE:
            return False
        told = detect_language(said)
        return told not in ("", self.language) and chance(said, told) >= _SURE

    def mend(self, text: str) -> str:
        return _SAMPLES.get(self.language, text)
