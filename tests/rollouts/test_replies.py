"""Thoughts and words of a reply, with and without a thought that the prompt opens."""

import pytest

from whet.types import Finish, Reply

CASES = [
    ("", "7", "", "7"),
    ("", "<think>a</think>7", "a", "7"),
    ("", "a</think>7", "a", "7"),  # the opening tag stands in the prompt, and was not seen
    ("<think>\n", "a</think>7", "a", "7"),
    ("<think>\n", "still at it", "still at it", ""),
    ("", "<think>still at it", "still at it", ""),
    ("", "<think></think>7", "", "7"),
    ("", "<think>a</think>7<think>b", "b", ""),  # opened once more, and never closed
    ("", "<think>a</think>x<think>b</think>7", "a</think>x<think>b", "7"),
    ("the answer is", " 7", "", " 7"),
]


@pytest.mark.parametrize(("before", "text", "thoughts", "words"), CASES)
def test_thoughts_and_words(before, text, thoughts, words):
    reply = Reply(text, Finish.STOP, before=before)
    assert (reply, reply.words) == (text, words)
    assert reply.thoughts.strip() == thoughts
