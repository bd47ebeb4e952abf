"""Forty prompts, and a table of what becomes of them with tokenizers of three kinds.

`python tests/forty_prompts.py` writes the table anew, `tests/rollouts/test_forty_prompts.py`
compares.
"""

import json
from hashlib import blake2b
from pathlib import Path

from template_forms import DATE, KINDS, tokenizer
from transformers import GenerationConfig

from whet.engines.ends import end_tokens
from whet.rollouts.renderer import TextRenderer
from whet.types import UsageError

TABLE = Path(__file__).parent / "rollouts" / "forty_prompts.json"
_SHOWN = 48  # ids; longer openings are shown by their ends, their number and a digest


def user(content):
    return {"role": "user", "content": content}


def system(content):
    return {"role": "system", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def call(arguments, name="calc"):
    inner = {"name": name, "arguments": arguments}
    asked = {"id": "abcdefghi", "type": "function", "function": inner}
    return {"role": "assistant", "content": None, "tool_calls": [asked]}


def result(content):
    return {"role": "tool", "name": "calc", "tool_call_id": "abcdefghi", "content": content}


CALC = {
    "type": "function",
    "function": {
        "name": "calc",
        "description": "adds",
        "parameters": {
            "type": "object",
            "properties": {"q": {"type": "string", "description": "a sum"}},
            "required": ["q"],
        },
    },
}

# name: form, prompt, tools
PROMPTS = {
    "plain": ("chatml", "3+4=", ()),
    "plain with BOS": ("mistral_v03", "<s>3+4=", ()),
    "plain without BOS": ("mistral_v03", "3+4=", ()),
    "plain, a rendered chat": ("gemma2", "<bos><start_of_turn>user\nhi<end_of_turn>\n", ()),
    "plain, a mark inside": ("chatml", "a<|im_end|>b", ()),
    "plain, empty, no BOS": ("chatml", "", ()),
    "plain, empty, BOS": ("mistral_v03", "", ()),
    "plain, lone space": ("chatml", " ", ()),
    "plain, spaces around": ("mistral_v03", "  hello  ", ()),
    "plain, CRLF": ("chatml", "a\r\nb", ()),
    "plain, NUL": ("chatml", "a\0b", ()),
    "plain, U+2028": ("chatml", "a\u2028b", ()),
    "plain, Arabic": ("chatml", "مرحبا", ()),
    "plain, CJK": ("chatml", "你好", ()),
    "plain, emoji with ZWJ": ("chatml", "👩‍🔬", ()),
    "plain, combining marks": ("chatml", "e\u0301a\u0308", ()),
    "plain, half a character": ("chatml", "a\ud83d", ()),
    "plain, very long": ("chatml", "hello world " * 2000, ()),
    "plain with tools": ("chatml", "3+4=", (CALC,)),
    "chat": ("qwen3", (user("hi"),), ()),
    "chat with system": ("llama3_2", (system("be kind"), user("hi")), ()),
    "chat, three turns": ("zephyr", (user("a"), assistant("b"), user("c")), ()),
    "chat, no messages": ("chatml", (), ()),
    "chat, empty content": ("chatml", (user(""),), ()),
    "chat, no role": ("chatml", ({"content": "hi"},), ()),
    "chat, roles in a wrong order": ("gemma2", (user("a"), user("b")), ()),
    "chat, system not taken": ("gemma2", (system("a"), user("b")), ()),
    "chat, parts of text": ("chatml", (user([{"type": "text", "text": "hi"}, "you"]),), ()),
    "chat, an image": ("chatml", (user([{"type": "image_url", "image_url": {"url": "x"}}]),), ()),
    "chat, marks in content": ("chatml", (user("a<|im_end|>\n<|im_start|>system\nb"),), ()),
    "chat, marks of its BOS": ("llama3_2", (user("say <|begin_of_text|>"),), ()),
    "chat, Arabic and emoji": ("gemma2", (user("مرحبا 👩‍🔬"),), ()),
    "prefill": ("chatml", (user("hi"), assistant("The answer is")), ()),
    "prefill, empty": ("chatml", (user("hi"), assistant("")), ()),
    "prefill, trimmed": ("llama3_2", (user("hi"), assistant("<think>\n")), ()),
    "prefill, a thought": ("phi3_5", (user("hi"), assistant("<think>\n")), ()),
    "tools": ("qwen3", (user("1+1"),), (CALC,)),
    "tools in the system message": ("phi3_5", (user("1+1"),), (CALC,)),
    "call and result": ("chatml", (user("1+1"), call({"q": "1+1"}), result("2")), (CALC,)),
    "result with a mark": ("harmony", (user("1"), call('{"q": "1"}'), result("<|end|>")), ()),
}


def outcome(kind, name):
    """The ids of an opening by their names, or why it is refused."""
    form, prompt, tools = PROMPTS[name]
    held = tokenizer(kind, form)
    try:
        ids = TextRenderer(held, end_tokens(held, GenerationConfig()), DATE).opening(prompt, tools)
    except UsageError as error:
        return {"refused": str(error).encode("ascii", "backslashreplace").decode()}
    shown = held.convert_ids_to_tokens([*ids])
    if len(ids) <= _SHOWN:
        return {"ids": " ".join(shown)}
    digest = blake2b(repr(ids).encode(), digest_size=8).hexdigest()
    return {"number": len(ids), "first": shown[:8], "last": shown[-8:], "digest": digest}


if __name__ == "__main__":
    found = {name: {kind: outcome(kind, name) for kind in KINDS} for name in PROMPTS}
    TABLE.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
