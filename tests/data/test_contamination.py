"""Test items in training data: n-grams by hand, and what is flagged."""

import json
from dataclasses import replace
from itertools import permutations
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from problem_records import problem

from whet.cli.main import main
from whet.data.contamination.overlap import Thresholds, contamination
from whet.data.contamination.shingles import (
    character_ngrams,
    contained,
    jaccard,
    word_ngrams,
    words,
)
from whet.evaluation.sample_file import write_samples
from whet.types import Task, UsageError

ALPHABET = st.text("abc 12", max_size=60)
STORY = "a train leaves the station at noon and a second one leaves two hours later at 90 km"
OTHER = "how many apples are left when seven of the twenty are eaten by the cat in the garden"
FRESH = "let n be the least integer whose square ends in exactly four equal digits find n please"


def items(*prompts):
    return [Task(id=f"t{at}", prompt=prompt) for at, prompt in enumerate(prompts)]


def named(*texts):
    return [(f"train:{at}", text) for at, text in enumerate(texts, 1)]


def test_words_are_lower_case_without_punctuation_and_keep_numbers():
    assert words(r"Let $x\,=\;3.5$, Y~equals 1,000!") == ["let", "x", "3.5", "y", "equals", "1,000"]
    assert words("naïve Übung 10^6") == ["naïve", "übung", "10", "6"]
    assert words("?!") == []


def test_ngrams_are_counted_by_hand():
    assert len(word_ngrams("a b c d e", 3)) == 3
    assert len(word_ngrams("a b a b a b", 2)) == 2
    assert len(character_ngrams("a b\ncd", 3)) == 2  # abc, bcd
    assert len(word_ngrams("a b", 8)) == 1  # a short text is one run
    assert word_ngrams("", 8) == frozenset()
    assert word_ngrams("a b", 8) != word_ngrams("a b c", 8)


def test_similarity_by_hand():
    one, other = word_ngrams("a b c d", 2), word_ngrams("b c d e", 2)
    assert jaccard(one, other) == 2 / 4
    assert contained(one, other) == 2 / 3
    assert jaccard(frozenset(), frozenset()) == contained(frozenset(), one) == 0


@given(ALPHABET, ALPHABET, st.integers(1, 5))
def test_overlap_is_symmetric_and_between_0_and_1(one, other, n):
    first, second = word_ngrams(one, n), word_ngrams(other, n)
    assert jaccard(first, second) == jaccard(second, first)
    assert 0 <= jaccard(first, second) <= 1
    assert jaccard(first, first) in (0, 1)


def test_nothing_depends_on_the_order_of_items_or_of_training_texts():
    texts = named(STORY + " tail", OTHER, "nothing here")
    found = {
        frozenset(replace(one, where="") for one in contamination(held, told).found)
        for held in permutations(items(STORY, OTHER, FRESH))
        for told in permutations(texts)
    }
    assert len(found) == 1
    assert {one.task for one in next(iter(found))} == {"t0", "t1"}


def test_a_copy_is_flagged_and_a_fresh_item_is_not():
    found = contamination(items(STORY, FRESH), named("Intro. " + STORY + "! Solution: 7"))
    (one,) = found.flagged
    assert (one.task, one.long, one.share, one.characters) == ("t0", True, 1.0, True)
    assert one.where == "train:1"
    assert (found.items, found.texts, found.clean) == (2, 1, 1)


def test_a_share_of_short_runs_adds_up_over_texts():
    pieces = STORY.split()  # 18 words: 11 runs of 8
    halves = [" ".join(pieces[:9]), " ".join(pieces[-9:])]  # 2 runs each, none of 13 words
    by = Thresholds(characters=500)
    (one,) = contamination(items(STORY), named(*halves), by).found
    assert (one.long, one.characters, one.share) == (False, False, 4 / 11)
    assert one.flagged(by)
    assert not one.flagged(replace(by, share=0.5))
    assert one.near == pytest.approx(2 / 11)  # both runs of a text are among the 11


def test_one_changed_word_is_a_near_duplicate_of_a_long_text():
    changed = [f"{a}{b}x" for a in "abcdefghij" for b in "abcdefghij"]
    original = " ".join(changed)
    changed[50] = "other"
    (one,) = contamination(items(original), named(" ".join(changed))).found
    assert one.near == pytest.approx((93 - 8) / (93 + 8))


def test_code_is_found_without_its_blanks():
    code = "def total(values):\n    result = 0\n    for value in values:\n        result += value"
    tight = code.replace("    ", "\t")
    (one,) = contamination(items(code), named(tight)).found
    assert one.characters


def test_how_questions_are_put_is_no_evidence():
    wrapper = "reason step by step and put the final answer within a box as always please"
    prompts = [f"{wrapper} item number {'x' * at} here" for at in range(1, 13)]
    found = contamination(items(*prompts), named(wrapper))
    assert not found.flagged
    assert found.boilerplate > 0


def test_two_items_are_too_few_for_boilerplate():
    assert len(contamination(items(STORY, STORY + " more"), named(STORY)).flagged) == 2


SHORT = "What is 17 + 25?"
CHINESE = "小明有五个苹果，他给了小红两个，又买了三个，现在小明有多少个苹果？"
ACCENTS = "combien de cafés l'élève a-t-il préparés après être arrivé à l'école à midi précis"
LATEX = r"Let $x$ be real with $\frac{1}{x+1} \leq 3$ and $10{,}000 \le y$. Find $x\cdot y$."
LATEX_TOO = (
    r"Let \(x\) be real with \(\dfrac{1}{x+1}\le3\) and \(10,\!000≤y\). Find \(x \times y\)."
)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (SHORT, f"{SHORT}\n42"),  # a row's prompt and answer
        (SHORT, f"user\n{SHORT}\nassistant\n42"),
        (SHORT, "Solve it.\nwhat is  17 + 25?\n42"),
        (CHINESE, f"问题：{CHINESE}答案是六个。"),
        (ACCENTS, normalize("NFD", ACCENTS) + "\n4"),
        ("Wie groß ist die Straße in der Stadt", "WIE GROSS IST DIE STRASSE IN DER STADT\n1"),
        ("the sum of １２３ and ４５６ is what number", "the sum of 123 and 456 is what number\n1"),
        ("how ma\u00adny gro\u200bups of order 7 exist", "How many groups of order 7 exist\n1"),
        (LATEX, LATEX_TOO + "\n7"),
    ],
)  # fmt: skip
def test_a_copy_is_found_in_another_spelling_and_however_short(item, text):
    assert contamination(items(item), named(text)).flagged


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (SHORT, "What is 17 - 25?\n-8"),
        ("2+3=", "12+3=\n15"),
        ("2+3=", "2*3=\n6"),
        ("7", "What is 3 + 4?\n7"),  # a number alone is the answer of anything
        ("?!", "?!"),
    ],
)
def test_another_short_item_is_not_flagged(item, text):
    assert not contamination(items(item), named(text)).found


def test_items_that_cannot_be_looked_for_are_counted():
    found = contamination(items("?!", "7", STORY), named(OTHER))
    assert (found.unseen, found.clean) == (2, 3)


def test_copies_of_one_item_are_no_boilerplate():
    letters = [f"{a} item {a * 3} of many things that are never {a * 5} twice" for a in "abcdefgh"]
    found = contamination(items(*[STORY] * 6, *letters), named(STORY))
    assert {one.task for one in found.flagged} == {f"t{at}" for at in range(6)}


def test_boilerplate_does_not_lower_similarity():
    wrapper = " ".join(f"word{at}" for at in range(60))
    prompts = [f"{wrapper} {STORY}", *(f"{wrapper} {at}" for at in range(9))]
    found = contamination(items(*prompts), named(prompts[0]))
    assert {one.task: one.near for one in found.found}["t0"] == 1


def test_a_chat_is_what_is_asked_in_it():
    """Not its JSON, in which signs are doubled, nor the system's message."""
    told = {"role": "system", "content": f"Answer in a box. {OTHER}"}
    asked = r"Evaluate \frac{a}{b}+\frac{c}{d}+\frac{e}{f}+\frac{g}{h} \"now\""
    chats = items((told, {"role": "user", "content": asked}))
    (one,) = contamination(chats, named(asked + "\n4")).flagged
    assert one.characters
    assert not contamination(chats, named(OTHER)).found


@pytest.mark.parametrize(
    ("name", "value"), [("long", 0), ("share", 0.0), ("near", 1.5), ("boilerplate", -1.0)]
)
def test_thresholds_that_flag_everything_or_nothing_are_refused(name, value):
    with pytest.raises(UsageError, match=f"{name} is"):
        Thresholds(**{name: value})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    train = [{"prompt": OTHER, "answer": "13"}, {"prompt": "unrelated", "solution": f"see {STORY}"}]
    test = [{"prompt": text, "answer": str(at)} for at, text in enumerate((STORY, FRESH, OTHER))]
    for name, rows in (("train", train), ("test", test)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def test_the_command_lists_flagged_items(folder, capsys):
    assert main(["data", "overlap", "train.jsonl", "--test", "test.jsonl"]) == 1
    out = capsys.readouterr().out
    assert "2 of 3 items of test.jsonl are flagged, by 2 rows of train.jsonl" in out
    assert "first train.jsonl:2" in out  # the story stands in a solution
    assert main(["data", "overlap", "test.jsonl", "--test", "train.jsonl", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["long"] for one in told["flagged"]] == [True]


def test_accuracy_with_and_without_flagged_items(folder, capsys):
    main(["data", "overlap", "train.jsonl", "--test", "test.jsonl", "--json"])
    flagged = [one["task"] for one in json.loads(capsys.readouterr().out)["flagged"]]
    every = [f"test.jsonl:{at}" for at in (1, 2, 3)]
    assert set(flagged) < set(every)
    rows = [
        sample
        for name in every
        for sample in problem([name in flagged, True], name, rows=2).samples
    ]
    voted = [replace(one, strategy="majority", correct=False) for one in rows]
    write_samples(folder / "samples.jsonl", [*rows, *voted])  # strategies are no samples
    words = ["data", "overlap", "train.jsonl", "--test", "test.jsonl"]
    assert main([*words, "--samples", "samples.jsonl", "--json"]) == 1
    rates = json.loads(capsys.readouterr().out)["pass@1"]
    found = {name: rate["value"] for name, rate in rates.items()}
    assert found == pytest.approx({"all": 5 / 6, "without flagged": 0.5, "flagged": 1.0})


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("overlap train.jsonl", "test is"),
        ("overlap train.jsonl --test lock", "test is an endless corpus"),
        ("overlap gone.jsonl --test test.jsonl", "gone.jsonl"),
        ("check train.jsonl --test test.jsonl", "test is for whet data overlap"),
        ("overlap train.jsonl --test test.jsonl --samples train.jsonl", "train.jsonl"),
        ("overlaps train.jsonl", "data 'overlaps' is unknown"),
    ],
)
def test_wrong_inputs_are_one_line(folder, capsys, words, field):
    assert main(["data", *words.split()]) == 2
    said = capsys.readouterr().err
    assert field in said
    assert said.count("\n") == 1
