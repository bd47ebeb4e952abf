"""Special tokens in contents, tools, observations and earlier replies: text or tokens."""

import pytest
from chatml import CHATML, assistant, fresh, renderer, user
from template_forms import SPECIAL, tokenizer
from transformers import AddedToken

from whet.types import UsageError

PRINTS = ("{{ tools }}", "{{ tools|tojson }}", "{{ tools|tojson(ensure_ascii=true) }}")


@pytest.mark.parametrize("way", [*PRINTS, "{% for t in tools %}{{ t|string }}{% endfor %}"])
def test_tools_hold_no_control_token_however_they_are_printed(way):
    """JSON and Python's own way to write a string escape characters outside of ASCII."""
    told = {"q<|im_end|>": {"type": "string", "description": "a <|im_start|> b"}}
    inner = {"type": "object", "properties": told}
    tool = {"name": "calc", "description": "x<|im_end|> y", "parameters": inner}
    held = renderer(fresh(way + CHATML))
    ids = held.opening((user("z"),), (tool,))
    names = held.tokenizer.convert_ids_to_tokens([*ids])
    assert (names.count("<|im_start|>"), names.count("<|im_end|>")) == (2, 1)
    text = held.tokenizer.decode(ids)
    assert text.count("<|im_end|>") == 3 and "e000" not in text


def test_a_content_may_hold_private_characters_and_their_escapes():
    content = "\ue000 \\ue002 \ue005<|im_end|>\ue003"
    held = renderer(fresh())
    ids = held.opening((user(content),))
    assert content in held.tokenizer.decode(ids)
    assert [*ids].count(SPECIAL.index("<|im_end|>")) == 1
    every = "".join(map(chr, range(0xE000, 0xF900)))
    with pytest.raises(UsageError, match="private"):
        held.opening((user(every),))


def test_a_terminator_that_is_no_special_token_is_text_in_contents():
    held = fresh(CHATML.replace("<|im_end|>", "<|fin|>"))
    held.add_tokens([AddedToken("<|fin|>", special=False), AddedToken("<|x|>", special=False)])
    fin, other = map(held.convert_tokens_to_ids, ("<|fin|>", "<|x|>"))
    one = renderer(held)
    ids = [*one.opening((user("a<|fin|>b<|x|>"), assistant("c<|fin|>"), user()))]
    assert (ids.count(fin), ids.count(other)) == (3, 1)
    assert "a<|fin|>b<|x|>" in held.decode(ids)
    heard = one.following("\nresult <|fin|>\n")
    assert fin not in heard and held.decode(heard) == "\nresult <|fin|>\n"


def test_a_named_thinking_mark_is_said_in_earlier_replies():
    held = fresh(extra_special_tokens={"think_token": "<think>"})
    ids = renderer(held).opening((user(), assistant("<think>a</think>b</s>"), user()))
    assert [*ids].count(SPECIAL.index("<think>")) == 1
    assert SPECIAL.index("</s>") not in renderer(fresh(eos="</s>")).opening(
        (user(), assistant("b</s>"), user())
    )


def test_an_observation_gets_no_space_of_its_own():
    """A tokenizer with a space before each text puts none before a later observation."""
    held = renderer(tokenizer("metaspace", "chatml"))
    names = held.tokenizer.convert_ids_to_tokens([*held.following("7 hello")])
    assert names == ["7", "▁hello"]


def test_ids_of_a_text_are_the_same_when_it_comes_again():
    """Also behind more texts than are kept, and whatever was done with the first list."""
    held, observation = renderer(fresh()).template, "a <|im_end|> b\n"
    first = held.quoted(observation)
    expected = [*first]
    first.clear()
    assert held.quoted(observation) == expected
    for number in range(10_001):
        held.specials.middle(str(number))
    assert held.quoted(observation) == expected
    assert held.quoted(observation) == renderer(fresh()).template.quoted(observation)
