"""Texts meant to upset a judge of texts: a verdict in time, no exception, no payment."""

import time

import pytest

from whet.rewards.unsupervised.next_token import NextToken
from whet.rewards.verifiable.choice import Choice
from whet.rewards.verifiable.constraints import Constraints
from whet.rewards.verifiable.countdown import Countdown
from whet.rewards.verifiable.exact import Exact
from whet.rewards.verifiable.qa_exact import QaExact
from whet.types import Finish

MILLION = 1_000_000
SECONDS = 20.0  # on a busy machine; a quadratic search of a million characters takes hours
TEXTS = {
    "nothing": "",
    "blanks": " \t\n" * 1000,
    "a million letters": "x" * MILLION,
    "a million blanks": " " * MILLION,
    "a million line ends": "\n" * MILLION,
    "a million words": "word " * (MILLION // 5),
    "a million stops": ". " * (MILLION // 2),
    "a million commas": ", " * (MILLION // 2),
    "a million digits": "9" * MILLION,
    "a million minus signs": "-" * MILLION,
    "a million quotes": '"' * MILLION,
    "a million asterisks": "*" * MILLION,
    "a million accents": "e" + "\u0301" * MILLION,
    "a million zero-width spaces": "\u200b" * MILLION,
    "a million denials": "not " * (MILLION // 4),
    "a million choices": "A or B, " * (MILLION // 8),
    "a million conclusions": "so " * (MILLION // 3),
    "open brackets": "(" * 100_000,
    "square brackets": "[" * 100_000 + "]" * 100_000,
    "open braces": r"\boxed{" * 100_000,
    "nested boxes": r"\boxed{" * 50_000 + "x" + "}" * 50_000,
    "nested tags": "<answer>" * 50_000 + "x" + "</answer>" * 50_000,
    "unclosed tags": "<answer>" * 100_000,
    "nested thoughts": "<think>" * 50_000 + "x" + "</think>" * 50_000 + "nothing",
    "open thoughts": "<think>" + "x" * 100_000,
    "dollar signs": "$" * 100_000,
    "fractions": r"\frac{" * 30_000 + "}" * 30_000,
    "open set words": r"\text{" * 100_000,
    "hashes": "#" * 100_000,
    "announcements": "Answer: " * 100_000,
    "announcements and line ends": "Answer:\n" * 100_000,
    "lists": "- \n" * 100_000,
    "bold without an end": "**a" * 100_000,
    "dashes between blanks": "a - " * 100_000,
    "brackets after brackets": "(a) " * 100_000,
    "months": "May 1, 20" * 50_000,
    "thousands": "1,000" * 50_000,
    "hundreds": "hundred " * 50_000,
    "roman numerals": "x" * 300 + "i" * 300,
    "a lone surrogate": "\ud800",
    "lone surrogates": "\udfff\ud800" * 1000,
    "null bytes": "\0" * 1000,
    "control characters": "".join(map(chr, range(32))) * 100,
    "right to left": "\u202e\u2066" * 1000,
    "Cyrillic capitals": "\u0410 \u0412 \u0421",
    "full-width capitals": "\uff22 \uff21 \uff23",
    "mathematical capitals": "\U0001d401 \U0001d53d",
    "ligatures": "\ufdfa" * 10_000,
    "private use": "\ue000\U0010ffff" * 1000,
    "tags of Unicode": "\U000e0041" * 1000,
    "emoji": "\U0001f468\u200d\U0001f469" * 1000,
    "code": "__import__('os').system('true')",
    "templates": "{answer} %s %(answer)s ${answer} {0}",
    "patterns": r"(?:.*)*\Z|[A-Z]+$",
    "a long number": "1e" + "9" * 5000,
    "powers": "9**9**9**9",
    "divisions": "1/0" * 1000,
}


def asked(rolled, name, reply):
    """A task of a judge whose answer none of the texts gives."""
    if name == "choice":
        return rolled(reply, "D", prompt="Which?", choices=["ash", "beech", "cedar", "dogwood"])
    if name == "qa_exact":
        return rolled(reply, "Oslo", prompt="What is the capital of Norway?", answers=["Oslo"])
    if name == "exact":
        return rolled(reply, "forty-two")
    if name == "countdown":
        return rolled(reply, "", target=10, numbers=[4, 6])
    if name == "next_token":
        return rolled(reply, "the sea", boundaries=[3, 7])
    demands = {
        "startend:end_checker": {"end_phrase": "That is all."},
        "keywords:existence": {"keywords": ["river"]},
        "keywords:frequency": {"keyword": "river", "frequency": 2},
        "detectable_format:title": {},
        "detectable_format:multiple_sections": {"num_sections": 2},
        "detectable_content:postscript": {},
        "language:response_language": {"language": "de"},
        "length_constraints:number_sentences": {"num_sentences": 10**7},
        "detectable_format:number_highlighted_sections": {"num_highlights": 10**7},
        "length_constraints:nth_paragraph_first_word": {
            "num_paragraphs": 2,
            "nth_paragraph": 1,
            "first_word": "however",
        },
    }
    listed = [{"id": key, "kwargs": kwargs} for key, kwargs in demands.items()]
    return rolled(reply, constraints=listed)


JUDGES = {
    "choice": Choice(),
    "qa_exact": QaExact(),
    "exact": Exact(),
    "countdown": Countdown(),
    "next_token": NextToken(),
    "constraints": Constraints(),
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", JUDGES)
def test_a_hostile_text_is_judged_in_time_and_not_paid(rolled, name, text):
    rollout = asked(rolled, name, TEXTS[text])
    begin = time.perf_counter()
    verdict = JUDGES[name].score(rollout)
    seconds = time.perf_counter() - begin
    assert not verdict.fault, verdict
    assert verdict.score == 0 and verdict.correct is False, verdict
    assert seconds < SECONDS, f"{seconds:.1f} s"


WRAPPED = {
    "choice": ("D", "Answer: {}"),
    "qa_exact": ("Oslo", "Answer: {}"),
    "exact": ("forty-two", "#{}"),
    "countdown": ("4+6", "#{}"),
    "next_token": ("the", "<answer>{}</answer>"),
}
CHANGED = {
    "a null byte before": "\0{}",
    "a letter behind": "{}x",
    "a digit before": "7{}",
    "a surrogate behind": "{}\ud800",
    "a question": "{} or not?",
    "a second answer": "{} or 17",
    "a denial in two alphabets": "n\u043et {}",
    "a denial with an invisible character": "no\u200bt {}",
    "written backwards": "\u202e{}",
}


@pytest.mark.parametrize("name", WRAPPED)
def test_the_answer_itself_is_paid(rolled, name):
    answer, frame = WRAPPED[name]
    assert JUDGES[name].score(asked(rolled, name, frame.format(answer))).score == 1


@pytest.mark.parametrize("change", CHANGED)
@pytest.mark.parametrize("name", WRAPPED)
def test_a_changed_answer_is_not_paid(rolled, name, change):
    answer, frame = WRAPPED[name]
    reply = frame.format(CHANGED[change].format(answer))
    verdict = JUDGES[name].score(asked(rolled, name, reply))
    assert verdict.score == 0 and not verdict.fault, verdict


@pytest.mark.parametrize("name", WRAPPED)
def test_a_right_answer_in_thoughts_that_never_end_is_not_paid(rolled, name):
    answer, frame = WRAPPED[name]
    reply = f"<think>{frame.format(answer)}"
    assert JUDGES[name].score(asked(rolled, name, reply)).score == 0
    cut = asked(rolled, name, reply + "x" * 1000)
    assert JUDGES[name].score(cut).finish in (None, Finish.LENGTH)
