"""Demands of IFEval and texts on their edges, on which two checkers can be compared."""

from collections.abc import Iterator
from random import Random

from sentences import LONG

from whet.rewards.verifiable.constraints.kinds import KINDS

BY_LANGUAGE = (  # told by langdetect there, by py3langid here
    "language:response_language",
    "change_case:english_capital",
    "change_case:english_lowercase",
)
_UNASKED = ("el", "nl", "tr", "zh")  # languages that IFEval doesn't ask for
_BY_PUNKT = "length_constraints:number_sentences"  # a trained model there, a rule here
EXACT = sorted({kind.name for kind in KINDS} - {*BY_LANGUAGE, _BY_PUNKT})

_SAID = (
    "The road is long.", "It is 1.5 km from here.", "Dr. Smith came at 5 p.m. and left.",
    "Don't stop!", "Is it well-known?", "I love TEA, and U.S. maps.", "NASA and A.B. met.",
    "However: it rained.", "“But why?” she asked.", "'But' is a word.", "However, it rained.",
    "but then", "A river runs by the market.", "River rivers RIVERSIDE.", "My answer is yes.",
    "My answer is no", "e.g. this one.", "Wait... what?", "See https://a.b/c?d=1.", "C++ is art.",
    "Straße und STRASSE.", "İstanbul is big.", "naïve café", "I'M HERE.", "A/B TESTS",
    "X-RAY ROOM 42", "Das ist nicht der Fluss.", "我喜欢音乐。今天很好。", "",
)  # fmt: skip
_MARKS = (
    "* one", "- two", "*three", "-four", "** five **", "**six** seven", "*", "-", "* ", "- ",
    "---", "***", "  * eight", "\t- nine", "*a* b *c*", "***d***", "* *", "****", "******",
    "<<Tea>>", "<<>>", "<< >>", "<<a>b>>", "<<a", "a>>", "<<<x>>>", "<<-->>", "[a]", "[]",
    "[b c]", "[[d]]", "[e\nf]", "P.S. write", "P.S.", "p.s. x", "Hi P.S. x", "P. S. x",
    "P.S write", "P.P.S write", "P.P.S. write", "P. P. S", "p.p.s", "PS: x", "Section 1",
    "SECTION 2", "Section3", "section 4", "Section\n5", "Section 6 Section 7", "PART 1",
    "Subsection 8", "```json", "```", "```JSON", '{"a": 1}', "[1, 2]", "42", "NaN", '"x"', "{",
    "}", "\n", "\n\n", "\n\n\n", " ", '"', "'", ",", ";", "“", "”", ".", "!",
)  # fmt: skip
_WHOLE = (
    '{"a": 1}', "[1, 2]", "42", "true", '"x"', "```json\n{}\n```", "```\n[]\n```", "```json\n{}",
    "{}\n```", "```Json {} ```", "{'a': 1}", " ", '"a"', '""', '"', "a******b", "a******a",
    "******a******b", "a******b******", "a******  ******b", "a***b", "***\na\n***\nb\n***",
    "a\n***\n\n***\nb", "The road is long. Go.", "it rained.", "<<a\nb>>", "a\n\nHowever, b",
    "but a\n\n\n\nbut b", "'but' a", "My answer is maybe.",
)  # fmt: skip
_WORDS = ("river", "market", "tea", "art", "but", "however", "a", "road", "RIVER", "don't")


def text(rng: Random) -> str:
    """Sentences and marks in a random order, or a short text on an edge."""
    if rng.random() < 0.15:
        return rng.choice(_WHOLE)
    parts = [rng.choice(_SAID if rng.random() < 0.6 else _MARKS) for _ in range(rng.randint(1, 7))]
    out = "".join(part + rng.choice((" ", "\n", "\n\n", "", " \n")) for part in parts)
    if rng.random() < 0.15:
        out = out.upper() if rng.random() < 0.5 else out.lower()
    return f'"{out}"' if rng.random() < 0.1 else out


def arguments(kind: str, rng: Random) -> dict:
    """IFEval's arguments for a demand of this kind."""
    relation, n = rng.choice(("at least", "less than")), rng.randint(1, 4)
    return {
        "keywords:existence": {"keywords": rng.sample(_WORDS, 2)},
        "keywords:frequency": {
            "keyword": rng.choice(_WORDS), "frequency": n, "relation": relation
        },
        "keywords:forbidden_words": {"forbidden_words": rng.sample(_WORDS, 2)},
        "keywords:letter_frequency": {
            "letter": rng.choice("aeisTR"), "let_frequency": 3 * n, "let_relation": relation
        },
        "length_constraints:number_words": {
            "num_words": rng.randint(2, 25), "relation": relation
        },
        "length_constraints:number_paragraphs": {"num_paragraphs": n},
        "length_constraints:nth_paragraph_first_word": {
            "num_paragraphs": n,
            "nth_paragraph": rng.randint(1, n),
            "first_word": rng.choice(("but", "however", "the", "a", "my", "don")),
        },
        "detectable_content:number_placeholders": {"num_placeholders": n},
        "detectable_content:postscript": {"postscript_marker": rng.choice(("P.S.", "P.P.S"))},
        "detectable_format:number_bullet_lists": {"num_bullets": n},
        "detectable_format:number_highlighted_sections": {"num_highlights": n},
        "detectable_format:multiple_sections": {
            "num_sections": n, "section_spliter": rng.choice(("Section", "SECTION", "PART"))
        },
        "combination:repeat_prompt": {
            "prompt_to_repeat": rng.choice(("The road is long.", "Don't stop!", "it"))
        },
        "startend:end_checker": {"end_phrase": rng.choice(("it rained.", "TEA", "STRASSE."))},
        "change_case:capital_word_frequency": {
            "capital_frequency": n, "capital_relation": relation
        },
    }.get(kind, {})  # fmt: skip


def in_languages() -> Iterator[tuple[str, dict, str]]:
    """Demands on the language of whole sentences."""
    language, capital, small = BY_LANGUAGE
    for code, said in LONG.items():
        for asked in (code, "fr"):
            if asked not in _UNASKED:
                yield language, {"language": asked}, said
        yield capital, {}, said.upper()
        yield small, {}, said.lower()
