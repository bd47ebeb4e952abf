"""Number words up to 99 in French, German, Spanish, Portuguese and Italian."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_TEENS = {
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
    "seize dix-sept dix-huit dix-neuf",
    "de": "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
    "fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce"
    " quince "
    "dieciséis diecisiete dieciocho diecinueve",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze "
    "dezasseis dezassete dezoito dezanove",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici "
    "quattordici quindici sedici diciassette diciotto diciannove",
}
_TENS = {
    "fr": "vingt trente quarante cinquante soixante",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
}
_OTHERS = {
    "eins": 1, "eine": 1, "einen": 1, "una": 1, "uma": 1, "une": 1, "duas": 2, "dezesseis": 16,
    "dezessete": 17, "dezenove": 19, "cem": 100, "cent": 100, "cien": 100, "cento": 100,
    "hundert": 100, "einhundert": 100, "quatre-vingts": 80,
}  # fmt: skip
_HUNDREDS = ("cent ", "hundert", "einhundert", "ciento ", "cento e ", "cento")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def foreign(text: str) -> int | None:
    """The number that a word, or several with `y`, `e` or hyphens, say; None for any other text."""
    return _table().get(_bare(" ".join(text.split())))


def _bare(text: str) -> str:
    """The text in small letters without accents."""
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


@lru_cache(maxsize=1)
def _table() -> Mapping[str, int]:
    found = dict(_OTHERS)
    for language, words in _TEENS.items():
        small = words.split()
        found |= {word: value for value, word in enumerate(small)}
        for place, tens in enumerate(_TENS[language].split(), 2):
            found[tens] = 10 * place
            for value, word in enumerate(small[1:10], 1):
                found |= dict.fromkeys(_joined(language, tens, word), 10 * place + value)
    for value, word in enumerate(_TEENS["fr"].split()[10:], 70):
        found |= {
            f"soixante-{word}": value,
            f"soixante et {word}": value,
            f"quatre-vingt-{word}": value + 20,
        }
    for value, word in enumerate(_TEENS["fr"].split()[1:10], 81):
        found[f"quatre-vingt-{word}"] = value
    found |= {
        f"{hundred}{word}": 100 + value for word, value in found.items() for hundred in _HUNDREDS
    }
    return {_bare(word): value for word, value in found.items()}


def _joined(language: str, tens: str, ones: str) -> tuple[str, ...]:
    """The spellings of tens and ones together."""
    return {
        "fr": (f"{tens}-{ones}", f"{tens} et {ones}", f"{tens}-et-{ones}"),
        "de": (f"{ones}und{tens}",),
        "es": (f"{tens} y {ones}", f"{tens.removesuffix('e')}i{ones}"),
        "pt": (f"{tens} e {ones}",),
        "it": (f"{tens}{ones}", f"{tens[:-1]}{ones}"),
    }[language]


def foreign_words(text: str) -> list[str]:
    """The number words of a text, each as long as possible."""
    words, found, at = _WORD.findall(text), [], 0
    while at < len(words):
        spans = (" ".join(words[at:end]) for end in range(min(at + 3, len(words)), at, -1))
        said = next((one for one in spans if foreign(one) is not None), "")
        found += [said] if said else []
        at += max(len(said.split()), 1)
    return found
