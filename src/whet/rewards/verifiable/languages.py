"""Which language a text is in, by its letters and its commonest words.

Scripts of one language (Thai, Greek, …) tell it at once; languages that share a script are told
apart by the share of their stop words.  It is meant for whole sentences: of a few words it says
nothing rather than something wrong.
"""

import re
import unicodedata
from collections import Counter
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_]+")
_SHOWN = 4000  # characters that are looked at
_FEW = 0.08  # share of stop words below which a language is not recognised

# the beginning of a letter's Unicode name, and the languages that are written so
_SCRIPTS = {
    "LATIN": ("en", "de", "fr", "es", "it", "pt", "nl", "vi", "fi", "sw", "tr", "pl"),
    "CYRILLIC": ("ru", "bg", "uk"),
    "ARABIC": ("ar", "fa", "ur"),
    "DEVANAGARI": ("hi", "mr", "ne"),
    "CJK": ("zh",),
    "HIRAGANA": ("ja",),
    "KATAKANA": ("ja",),
    "HANGUL": ("ko",),
    "THAI": ("th",),
    "GREEK": ("el",),
    "HEBREW": ("he",),
    "BENGALI": ("bn",),
    "TAMIL": ("ta",),
    "TELUGU": ("te",),
    "KANNADA": ("kn",),
    "GUJARATI": ("gu",),
    "GURMUKHI": ("pa",),
}
_STOPS = {
    "en": "the of and to in is that it was for on are as with be this by at or not you we have",
    "de": "der die und das ist in den von zu mit sich des auf für nicht ein eine als auch es wir",
    "fr": "le la les de des et est un une dans que pour qui sur pas par au ne avec ce plus nous",
    "es": "el la los las de que y en un una es por con para no se del al lo como más su pero",
    "it": "il la che di e è un una per in non con del della sono si i le da al anche come più",
    "pt": "o a os as que de e é um uma em para com não do da por se no na mais como são",
    "nl": "de het een en van is dat in te op zijn voor met niet aan er om ook maar wij",
    "vi": "là của và có không những được trong cho một các với này người đã để khi tôi",
    "fi": "ja on ei se että hän oli ovat kun mutta myös tai joka niin kuin olen sen",
    "sw": "na ya wa kwa ni za katika la kuwa hii hiyo yake cha watu kama lakini sana",
    "tr": "ve bir bu da de için ile çok ne gibi olarak daha en ama değil var olan",
    "pl": "i w na z się nie to jest że do o jak ale po od za przez czy tak są",
    "ru": "и в не на что я с он как это по но из у за от так же для мы все она",
    "bg": "и на да в се от е за не са с че по как това ще като но съм или при",
    "uk": "і в не на що я з у та це як до за але від так є ми для про він вона",
    "ar": "في من على أن إلى هذا هذه التي الذي عن مع كان لا ما هو هي و كل",
    "fa": "و در به از که این را با است برای آن یک تا می هم بر خود شد های ما",
    "ur": "کے کی میں ہے اور سے کا کو اس یہ کہ نے پر ہیں ایک بھی نہیں تھا لیے ہم",
    "hi": "है के में की और का को से यह हैं पर एक नहीं भी कि ने हम लिए था",
    "mr": "आहे आणि या ते हे ही व तर आहेत मी त्या होते एक नाही तो की साठी",
    "ne": "छ र को मा यो पनि हो छन् लाई का गर्न एक भने तर थियो यस त्यो हामी",
}


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").partition(" ")[0].partition("-")[0]


@lru_cache(maxsize=1)
def _stops() -> dict[str, frozenset[str]]:
    return {code: frozenset(words.split()) for code, words in _STOPS.items()}


def codes() -> tuple[str, ...]:
    """Every language that can be told."""
    return tuple(sorted({code for several in _SCRIPTS.values() for code in several}))


def share(text: str, code: str) -> float:
    """The share of a text's letters that belong to a script of this language; 0 of no letters."""
    counts = Counter(_script(letter) for letter in text[:_SHOWN] if letter.isalpha())
    own = {script for script, several in _SCRIPTS.items() if code in several}
    own |= {"CJK"} if code == "ja" else set()
    return sum(counts[script] for script in own) / counts.total() if counts else 0.0


def told(text: str) -> str:
    """The language of a text; empty where it can't be told."""
    text = unicodedata.normalize("NFC", text[:_SHOWN])
    counts = Counter(_script(letter) for letter in text if letter.isalpha())
    counts = Counter({script: n for script, n in counts.items() if script in _SCRIPTS})
    if not counts:
        return ""
    if counts["HIRAGANA"] + counts["KATAKANA"] > 0.1 * counts.total():
        return "ja"
    languages = _SCRIPTS[counts.most_common(1)[0][0]]
    if len(languages) == 1:
        return languages[0]
    words = _WORD.findall(text.lower().replace("\N{COMBINING DOT ABOVE}", ""))
    if any(code in ("hi", "mr", "ne", "ar", "fa", "ur") for code in languages):
        words = text.split()  # their vowel signs are no letters to a pattern
    shares = {code: sum(word in _stops()[code] for word in words) for code in languages}
    best = max(shares, key=lambda code: shares[code])
    return best if words and shares[best] >= max(1, _FEW * len(words)) else ""
