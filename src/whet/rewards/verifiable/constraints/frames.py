"""Constraints on how a reply begins, ends, is repeated or spelled."""

import re
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from whet.rewards.verifiable.constraints.constraint import Relation, words
from whet.rewards.verifiable.languages import share

_LATIN = 0.9  # share of the letters that makes a text English enough to have its case looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoResponses:
    """Two different replies, with six asterisks between them."""

    name: ClassVar[str] = "combination:two_responses"

    @classmethod
    def generate(cls, dice: Random) -> "TwoResponses":
        return cls()

    def describe(self) -> str:
        return "Give two different responses, separated by six asterisks: ******."

    def check(self, text: str) -> bool:
        parts = [part.strip() for part in text.split("******")]
        return len(parts) == 2 and all(parts) and parts[0] != parts[1]  # noqa: PLR2004

    def mend(self, text: str) -> str:
        first = " ".join(text.split("******")).strip() or "One way to see it."
        return f"{first}\n******\nOr take the other side."


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatPrompt:
    """The reply begins with the request, word for word; case doesn't count."""

    name: ClassVar[str] = "combination:repeat_prompt"
    prompt_to_repeat: str

    @classmethod
    def generate(cls, dice: Random) -> "RepeatPrompt":
        return cls(prompt_to_repeat=f"Say something about a {dice.choice(('river', 'market'))}.")

    def describe(self) -> str:
        return f"First repeat this request word for word, then answer: {self.prompt_to_repeat}"

    def check(self, text: str) -> bool:
        asked = self.prompt_to_repeat.strip().casefold()
        return text.strip().casefold().startswith(asked)

    def mend(self, text: str) -> str:
        return f"{self.prompt_to_repeat.strip()} {text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPhrase:
    """The reply ends with a phrase; case, and quotation marks after it, don't count."""

    name: ClassVar[str] = "startend:end_checker"
    end_phrase: str

    @classmethod
    def generate(cls, dice: Random) -> "EndPhrase":
        return cls(end_phrase=dice.choice(("Is there anything else?", "That is all.", "Done.")))

    def describe(self) -> str:
        return f"End with exactly this phrase, and nothing after it: {self.end_phrase}"

    def check(self, text: str) -> bool:
        return text.strip().strip('"').casefold().endswith(self.end_phrase.strip().casefold())

    def mend(self, text: str) -> str:
        return f"{text} {self.end_phrase}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotation:
    """The whole reply stands between double quotation marks."""

    name: ClassVar[str] = "startend:quotation"

    @classmethod
    def generate(cls, dice: Random) -> "Quotation":
        return cls()

    def describe(self) -> str:
        return "Put the whole response between double quotation marks."

    def check(self, text: str) -> bool:
        return re.fullmatch(r'".+"', text.strip(), re.DOTALL) is not None

    def mend(self, text: str) -> str:
        return f'"{text.strip()}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class CapitalWords:
    """So many words in capital letters: at least, less than, or around."""

    name: ClassVar[str] = "change_case:capital_word_frequency"
    capital_frequency: int
    capital_relation: Relation = Relation.AT_LEAST

    @classmethod
    def generate(cls, dice: Random) -> "CapitalWords":
        relation = dice.choice((Relation.AT_LEAST, Relation.LESS_THAN))
        return cls(capital_frequency=dice.randint(1, 5), capital_relation=relation)

    def describe(self) -> str:
        times = f"{self.capital_relation} {self.capital_frequency} times"
        return f"Use words in all capital letters {times}."

    def check(self, text: str) -> bool:
        count = sum(word.isupper() for word in words(text))
        return self.capital_relation.holds(count, self.capital_frequency)

    def mend(self, text: str) -> str:
        capitals = [word for word in words(text) if word.isupper()]
        aim = self.capital_relation.aim(len(capitals), self.capital_frequency)
        for word in capitals[aim:]:
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", word.lower(), text, count=1)
        return text + " LOOK" * (aim - len(capitals))


@dataclass(frozen=True, slots=True, kw_only=True)
class Capital:
    """English, in capital letters."""

    name: ClassVar[str] = "change_case:english_capital"

    @classmethod
    def generate(cls, dice: Random) -> "Capital":
        return cls()

    def describe(self) -> str:
        return "Answer in English and in capital letters only."

    def check(self, text: str) -> bool:
        return text.isupper() and share(text, "en") >= _LATIN

    def mend(self, text: str) -> str:
        return text.upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowercase:
    """English, in small letters."""

    name: ClassVar[str] = "change_case:english_lowercase"

    @classmethod
    def generate(cls, dice: Random) -> "Lowercase":
        return cls()

    def describe(self) -> str:
        return "Answer in English and in lowercase letters; no capital letters are allowed."

    def check(self, text: str) -> bool:
        return text.islower() and share(text, "en") >= _LATIN

    def mend(self, text: str) -> str:
        return text.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoComma:
    """Not a single comma."""

    name: ClassVar[str] = "punctuation:no_comma"

    @classmethod
    def generate(cls, dice: Random) -> "NoComma":
        return cls()

    def describe(self) -> str:
        return "Use no commas."

    def check(self, text: str) -> bool:
        return "," not in text

    def mend(self, text: str) -> str:
        return text.replace(",", "")
