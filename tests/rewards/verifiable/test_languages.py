"""Languages are told by sentences of our own, long ones and short ones."""

import pytest
from sentences import LONG, SHORT

from whet.rewards.verifiable.languages import chance, codes, detect_language, share


@pytest.mark.parametrize("code", LONG)
def test_a_sentence_is_told(code):
    text = LONG[code]
    assert detect_language(text) == detect_language(text.upper()) == code
    assert share(text, code) == 1
    assert chance(text, code) > 0.5


def test_most_short_sentences_are_told_and_few_wrongly():
    found = [detect_language(text) == code for code, texts in SHORT.items() for text in texts]
    assert sum(found) >= 0.95 * len(found)


@pytest.mark.parametrize(
    "text",
    ["", "42", "42 = 6 · 7", "\\frac{1}{2}", "x = 3, so 2x = 6.", "def f(x):\n    return x", "ok"],
)
def test_what_is_hardly_a_text_is_in_no_language(text):
    assert detect_language(text) == ""


def test_english_among_formulas_is_english():
    assert (
        detect_language("<think>\nWe need $x$.\n</think>\nTherefore $x^2 + 1 = 0$ has no root.")
        == "en"
    )
    assert detect_language("The answer is 42.") == "en"


def test_a_chance_tells_what_another_language_is_not():
    assert all(chance(text, "en") < 0.001 for code, text in LONG.items() if code != "en")
    assert all(chance(text, "en") > 0.3 for text in SHORT["en"])


def test_every_language_has_a_script_and_the_model_knows_it():
    assert len(codes()) == 54
    for code in codes():
        assert 0 <= chance(LONG["en"], code) <= 1
        assert share("one 一 один", code) < 1
