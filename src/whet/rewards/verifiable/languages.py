"""The language of a text, as `py3langid` detects it, and the script of its letters.

The 54 languages are those of langdetect, which IFEval's own checker uses.  py3langid (Lui and
Baldwin, IJCNLP 2011, I11-1062) is a naive Bayes model over n-grams of bytes.  It draws nothing at
random, so equal texts get equal languages.  It is loaded for the first text.
"""

import unicodedata
from collections import Counter
from functools import cache, lru_cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

_LEAST = 0.25  # probability below which a language is not told

# the beginning of a letter's Unicode name, and the languages that are written so
_SCRIPTS = {
    "LATIN": (
        "af ca cs cy da de en es et fi fr hr hu id it lt lv nl no pl pt ro sk sl so sq sv sw tl tr "
        "vi"
    ),
    "CYRILLIC": "bg mk ru uk",
    "ARABIC": "ar fa ur",
    "DEVANAGARI": "hi mr ne",
    "CJK": "zh ja",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "THAI": "th",
    "GREEK": "el",
    "HEBREW": "he",
    "BENGALI": "bn",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
}
_NO_LANGUAGE = "zxx"  # py3langid's class of numbers, markup and names


@cache
def codes() -> tuple[str, ...]:
    """The ISO 639-1 codes of all languages that can be detected."""
    return tuple(sorted({code for several in _SCRIPTS.values() for code in several.split()}))


def share(text: str, code: str) -> float:
    """The share of a text's letters that belong to a script of this language; 0 without letters."""
    counts = Counter(_script(letter) for letter in text if letter.isalpha())
    own = (script for script, several in _SCRIPTS.items() if code in several.split())
    return sum(counts[script] for script in own) / counts.total() if counts else 0.0


def detect_language(text: str) -> str:
    """The likeliest language of a text; empty where no language is likely."""
    if not any(map(str.isalpha, text)):
        return ""
    code, probability = _identifier().classify(text)
    return "" if code == _NO_LANGUAGE or probability < _LEAST else code


def chance(text: str, code: str) -> float:
    """The probability that a text is in this language; it is tiny for a sentence of another one."""
    return dict(_identifier().rank(text))[code]


@cache
def _identifier() -> LanguageIdentifier:
    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    found.set_languages([*codes(), _NO_LANGUAGE])
    return found


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").partition(" ")[0].partition("-")[0]
