"""Search: BM25 by hand, order of ties, and what a hit shows."""

import asyncio
import importlib.util
from math import log

import numpy as np
import pytest

from whet.calls.schemas import schema_of
from whet.calls.shipped.search import Search
from whet.calls.toolbox import Toolbox
from whet.calls.tools import ToolError
from whet.types import Task, ToolCall, UsageError

PASSAGES = (
    ("Kiru", "Kiru is led by Bado."),
    ("Bado", "Bado lives in Kiru."),
    ("Suna", "Suna is by Bado, from Kiru and Toma."),
)


def bm25(query, passages):
    """The equation of the docstring."""
    texts = [f"{a} {b}".lower().replace(".", "").replace(",", "").split() for a, b in passages]
    mean = np.mean([len(text) for text in texts])

    def idf(word):
        n = sum(word in text for text in texts)
        return log(1 + (len(texts) - n + 0.5) / (n + 0.5))

    def one(word, text):
        f = text.count(word)
        return idf(word) * f / (f + 1.5 * (1 - 0.75 + 0.75 * len(text) / mean))

    return [sum(one(word, text) for word in query.split()) for text in texts]


@pytest.mark.parametrize("query", ["bado", "kiru lives", "toma kiru", "is by bado"])
def test_hits_are_in_the_order_of_the_equation(query):
    scores = bm25(query, PASSAGES)
    best = sorted((n for n in range(3) if scores[n] > 0), key=lambda n: -scores[n])
    wanted = "\n".join(f"{PASSAGES[n][0]}: {PASSAGES[n][1]}" for n in best)
    assert Search(PASSAGES).search(query.upper()) == wanted


def test_ties_are_in_the_order_of_the_passages():
    passages = [(f"T{n}", "one word") for n in range(50)]
    found = Search(passages).search("word", 20).splitlines()
    assert found == [f"T{n}: one word" for n in range(20)]


@pytest.mark.parametrize("query", ["", "...", "zebra", "\ud800"])
def test_words_that_no_passage_has(query):
    assert Search(PASSAGES).search(query) == "nothing found"


def test_a_hit_shows_400_characters():
    found = Search([("Long", "ab " * 300)]).search("ab")
    assert found == "Long: " + ("ab " * 300)[:400]


def test_it_prints_nothing(capfd):
    Search([("Silent", "no bars")]).search("bars")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("k", [0, -1, 21])
def test_numbers_of_hits_out_of_bounds(k):
    with pytest.raises(ToolError, match=f"k is {k}; give 1 to 20"):
        Search(PASSAGES).search("bado", k)


@pytest.mark.parametrize("passages", [[], [("", "")], [("-", "...")]])
def test_passages_without_words_are_refused(passages):
    with pytest.raises(UsageError, match="passages is .*; give titles and texts"):
        Search(passages)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"search needs bm25s; pip install 'whet\[search\]'"):
        Search([("A", "passage that is in no cache")])


def test_it_is_a_tool():
    search = Search(PASSAGES).search
    assert schema_of(search)["function"]["parameters"]["required"] == ["query"]

    async def play():
        async with Toolbox.open([search], Task(id="t", prompt="")) as box:
            call = ToolCall(name="search", arguments={"query": "lives", "k": 1})
            return await box.answer((call,))

    assert asyncio.run(play())[0]["content"] == "Bado: Bado lives in Kiru."
