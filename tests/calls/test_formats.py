"""Calls as models write them: published examples, and what is none."""

import os
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import whet.calls.formats as package
from whet.calls.formats import FORMATS, Pythonic
from whet.types import BadCall, ToolCall

NAMES = sorted(FORMATS)
STRING, COUNT = {"type": "string"}, {"type": "integer"}


def call(name, /, **arguments):
    return ToolCall(name=name, arguments=arguments)


def schema(name, **properties):
    return {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": properties}},
    }


# after the model cards and chat templates of the publishers, with our own words
PUBLISHED = {
    "hermes": (
        'Let me look.\n<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n'
        '</tool_call>\n<tool_call>\n{"name": "clock", "arguments": {}}\n</tool_call>',
        "Let me look.",
        (call("weather", city="Oslo"), call("clock")),
    ),
    "xml": (
        "Let me look.\n\n<tool_call>\n<function=weather>\n<parameter=city>\nOslo\n</parameter>\n"
        "<parameter=days>\n3\n</parameter>\n<parameter=notes>\nline 1\nline 2\n</parameter>\n"
        "<parameter=wind>\nTrue\n</parameter>\n</function>\n</tool_call>",
        "Let me look.",
        (call("weather", city="Oslo", days=3, notes="line 1\nline 2", wind=True),),
    ),
    "glm": (
        "\n<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n"
        '<arg_key>days</arg_key>\n<arg_value>[1, "x"]</arg_value>\n</tool_call>',
        "",
        (call("weather", city="Oslo", days=[1, "x"]),),
    ),
    "mistral": (
        '[TOOL_CALLS] [{"name": "weather", "arguments": {"city": "Oslo"}, "id": "abcdefghi"}]</s>',
        "</s>",
        (ToolCall(name="weather", arguments={"city": "Oslo"}, id="abcdefghi"),),
    ),
    "deepseek": (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n"
        '{"city": "Oslo"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>clock'
        "\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        "",
        (call("weather", city="Oslo"), call("clock")),
    ),
    "phi": (
        '<|tool_call|>[{"name": "weather", "arguments": {"city": "Oslo"}}]<|/tool_call|>',
        "",
        (call("weather", city="Oslo"),),
    ),
    "harmony": (
        "<|channel|>analysis<|message|>Ask to=functions.none for it.<|end|><|start|>assistant"
        "<|channel|>commentary<|message|>One moment.<|end|><|start|>assistant<|channel|>commentary"
        ' to=functions.weather <|constrain|>json<|message|>{"city": "Oslo"}<|call|>',
        "One moment.",
        (call("weather", city="Oslo"),),
    ),
    "pythonic": (
        "[weather(city='Oslo', days=3), clock()]",
        "",
        (call("weather", city="Oslo", days=3), call("clock")),
    ),
    "llama": (
        '{"name": "weather", "parameters": {"city": "Oslo"}}; {"name": "clock", "parameters": {}}',
        "",
        (call("weather", city="Oslo"), call("clock")),
    ),
}
FURTHER = [
    ("hermes", '<tool_call>[{"name": "a"}, {"name": "b"}]</tool_call>', (call("a"), call("b"))),
    ("hermes", '<tool_call>{"name": "a"}\n{"name": "b"}</tool_call>', (call("a"), call("b"))),
    (
        "hermes",
        '<tool_call>{"name": "a", "arguments": {"x": "</tool_call>"}}</tool_call>',
        (call("a", x="</tool_call>"),),
    ),
    ("xml", "<function=a>\n<parameter=x>\n1\n</parameter>\n</function>", (call("a", x=1),)),
    ("xml", "<tool_call><function=a></function></tool_call>", (call("a"),)),
    (
        "xml",
        "<tool_call><function=a><parameter=x>\n</parameter> is a tag\n</parameter></function>"
        "</tool_call>",
        (call("a", x="</parameter> is a tag"),),
    ),
    (
        "mistral",
        '[TOOL_CALLS]a[ARGS]{"x": 1}[TOOL_CALLS]b[CALL_ID]abcdefghi[ARGS]{}',
        (call("a", x=1), ToolCall(name="b", arguments={}, id="abcdefghi")),
    ),
    (
        "deepseek",
        '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>a<｜tool▁sep｜>{"x": 1}<｜tool▁call▁end｜>'
        "<｜tool▁calls▁end｜>",
        (call("a", x=1),),
    ),
    ("phi", '<|tool_call|>{"name": "a"}<|/tool_call|>', (call("a"),)),
    ("glm", "<tool_call>a</tool_call>", (call("a"),)),
    (
        "harmony",
        ' to=functions.a<|channel|>commentary json<|message|>{"x": 1}<|call|>',
        (call("a", x=1),),
    ),
    ("harmony", "<|channel|>commentary to=functions.a<|message|>{}", (call("a"),)),
    ("pythonic", "Now.\n<|tool_call_start|>[a(x=(1, 2))]<|tool_call_end|>", (call("a", x=[1, 2]),)),
    ("pythonic", "Now.\na(x=-1, y=None)", (call("a", x=-1, y=None),)),
    ("pythonic", "[\n  a(x='])'),\n  b()\n]", (call("a", x="])"), call("b"))),
    ("pythonic", r'[a(x="\d")]', (call("a", x=r"\d"),)),
    ("llama", '<|python_tag|>{"type": "function", "name": "a", "parameters": {}}', (call("a"),)),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_published_example(name):
    text, words, calls = PUBLISHED[name]
    assert FORMATS[name].read(text) == (words, calls)


@pytest.mark.parametrize(("name", "text", "calls"), FURTHER)
def test_further_spellings(name, text, calls):
    assert FORMATS[name].read(text)[1] == calls


def test_a_format_is_a_file():
    files = {path.stem for path in Path(package.__file__).parent.glob("[a-z]*.py")}
    assert files == FORMATS.keys()
    assert all(type(one).__name__ == name.capitalize() for name, one in FORMATS.items())


@pytest.mark.parametrize("name", NAMES)
def test_thoughts_hold_no_calls(name):
    form = FORMATS[name]
    text, words, calls = PUBLISHED[name]
    assert form.read(f"<think>{text}") == ("", ())
    assert form.read(f"{text}</think>So be it.") == ("So be it.", ())
    assert form.read(f"<think>{text}</think>{text}") == (words, calls)


@pytest.mark.parametrize("name", NAMES)
def test_a_call_is_a_call_though_the_policy_goes_on(name):
    text, words, calls = PUBLISHED[name]
    found = FORMATS[name].read(f"{text}\nThat is all.")
    assert found[1] == calls
    assert found[0].endswith("That is all.")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["", "It is 42.", "\n", "f(x) = x + 1", "[1, 2]", '{"a": 1}', "{"])
def test_words_are_no_calls(name, text):
    assert FORMATS[name].read(text) == (text.strip(), ())


def test_an_object_without_parameters_is_an_answer():
    assert FORMATS["llama"].read('{"name": "Paris", "people": 2}')[1] == ()
    assert FORMATS["llama"].read('<|python_tag|>{"name": "a"}')[1] == (call("a"),)


BAD = {
    "hermes": [
        "<tool_call>",
        "<tool_call></tool_call>",
        "<tool_call>look</tool_call>",
        '<tool_call>{"name": "a"}',
        '<tool_call>{"name": "a"} {</tool_call>',
        '<tool_call>{"name": 3}</tool_call>',
        '<tool_call>{"name": "a", "name": "b"}</tool_call>',
        '<tool_call>{"name": "a", "arguments": [1]}</tool_call>',
        '<tool_call>{"name": "a", "arguments": {"x": NaN}}</tool_call>',
        "<tool_call>{'name': 'a'}</tool_call>",
        "<tool_call>" + "[" * 3_000 + "]" * 3_000 + "</tool_call>",
        '<tool_call>{"name": "a", "arguments": {"x": "' + "y" * 20_001 + '"}}</tool_call>',
        '<tool_call>{"name": "a", "arguments": {"x": ' + "9" * 5_000 + "}}</tool_call>",
    ],
    "xml": [
        "<tool_call><function=a>",
        '<tool_call>{"name": "a"}</tool_call>',
        "<tool_call><function=a><parameter=x>1</function></tool_call>",
        "<function=a><parameter=x>1</parameter><parameter=x>2</parameter></function>",
        "<tool_call></tool_call>",
    ],
    "glm": [
        "<tool_call>a",
        '<tool_call>{"name": "a"}</tool_call>',
        "<tool_call>a<arg_key>x</arg_key></tool_call>",
        "<tool_call>a<arg_key>x</arg_key><arg_value>1</arg_value>"
        "<arg_key>x</arg_key><arg_value>1</arg_value></tool_call>",
    ],
    "mistral": ["[TOOL_CALLS]", "[TOOL_CALLS]a{}", "[TOOL_CALLS][1]", "[TOOL_CALLS]a[ARGS][1]"],
    "deepseek": [
        "<｜tool▁calls▁begin｜>",
        "<｜tool▁call▁begin｜>a{}<｜tool▁call▁end｜>",
        "<｜tool▁call▁begin｜>a<｜tool▁sep｜>{}",
        "<｜tool▁call▁begin｜>function<｜tool▁sep｜>a\n```json\n{}<｜tool▁call▁end｜>",
    ],
    "phi": ["<|tool_call|>", "<|tool_call|>{}<|/tool_call|>", '<|tool_call|>{"name": "a"}'],
    "harmony": [
        "<|channel|>commentary to=functions.a<|message|>look<|call|>",
        "<|channel|>commentary to=functions.a",
        "<|channel|>commentary to=functions.a<|message|>[1]<|call|>",
    ],
    "pythonic": [
        "__import__('os').system('touch stolen')",
        "[__import__('os').system('touch stolen')]",
        '[a(x="a"+"b")]',
        "[a(x=10**9)]",
        "a(**{'x': 1})",
        "a(*[1])",
        "[a(x=1, x=2)]",
        "[a(x={'k': 1, 'k': 2})]",
        "[a(x={[]: 1})]",
        "[a(x=b) for b in c]",
        "[a(x=f'{1}')]",
        "[a(x=open('/etc/passwd'))]",
        "a(1)",
        "[a(x=" + "(" * 3_000 + ")" * 3_000 + ")]",
        "a(x=" + "-" * 9_000 + "1)",
        "a(x=" + "9" * 9_000 + ")",
        "a(x='" + "y" * 10_000 + "')",
        "a(x='\ud800')",
        "a.b(x=1)",
    ],
    "llama": [
        '{"name": "a", "parameters": {',
        '{"name": "a", "parameters": [1]}',
        "<|python_tag|>print(1)",
        '{"name": "a", "parameters": {"x": 1}; {"name": "b"',
    ],
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name in BAD for text in BAD[name]])
def test_what_begins_like_a_call_and_is_none(name, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, calls = FORMATS[name].read(text)
    assert calls and all(isinstance(one, BadCall) for one in calls)
    assert all(one.why and len(one.why) < 200 and one.text in text for one in calls)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "llama"])  # is one piece
def test_a_bad_call_spoils_no_other(name):
    text, _, calls = PUBLISHED[name]
    assert FORMATS[name].read(f"{BAD[name][-1]}\n{text}")[1][-len(calls) :] == calls


def test_nesting_is_refused_before_it_is_parsed():
    text = '<tool_call>{"name": "a", "arguments": {"x": %s}}</tool_call>'
    _, (good, bad) = FORMATS["hermes"].read(
        text % ("[" * 32 + "]" * 32) + text % ("[" * 33 + "]" * 33)
    )
    assert isinstance(good, ToolCall)
    assert bad.why == "it is nested more than 32 deep"


@pytest.mark.parametrize("error", [SystemError, MemoryError, RecursionError, ValueError])
def test_errors_of_pythons_parser_are_bad_calls(error, monkeypatch):
    def fail(*given, **named):
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("whet.calls.python_literals.ast.parse", fail)
        _, calls = FORMATS["pythonic"].read("[a(x=1)]")
    assert calls[0].why == f"it is no Python: {error.__name__}"


def test_a_reply_has_a_limited_number_of_calls():
    _, calls = FORMATS["hermes"].read('<tool_call>{"name": "a"}</tool_call>' * 70)
    assert len(calls) == 65
    assert calls[-1].why == "more than 64 calls"


def test_values_without_quotes_follow_the_schema():
    known = (schema("a", x=STRING, n=COUNT, m={**STRING, "nullable": True}),)
    wanted = (call("a", x="3", n=3, m=None),)
    for name in ("xml", "glm"):
        form = FORMATS[name].for_tools(known)
        text = form.write(wanted)
        assert '"3"' not in text
        assert form.read(text)[1] == wanted
        assert FORMATS[name].read(text)[1] == (call("a", x=3, n=3, m=None),)


def test_arguments_without_names_get_those_of_the_parameters():
    form = Pythonic().for_tools(
        (schema("calc", expression=STRING), schema("add", a=COUNT, b=COUNT))
    )
    assert form.read('So:\ncalc("3+4")')[1] == (call("calc", expression="3+4"),)
    assert form.read("[add(1, b=2)]")[1] == (call("add", a=1, b=2),)
    assert "takes 2 arguments, and 3 came" in form.read("add(1, 2, 3)")[1][0].why
    assert "an argument occurs twice" in form.read("add(1, a=2)")[1][0].why
    assert form.read("sin(x)\nclac(y)") == ("sin(x)\nclac(y)", ())
    assert form.read("clac(x='3')")[1] == (call("clac", x="3"),)
    assert isinstance(form.read("calc(3+4)")[1][0], BadCall)
    assert "did you mean 'calc'?" in form.read("[clac('3')]")[1][0].why


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.sampled_from(["</tool_call>", "<think>", "</think>", "</parameter>\n</function>", "True"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
identifiers = st.from_regex(r"\A[a-z_]{1,8}[0-9]\Z")
made = st.lists(
    st.builds(
        lambda name, arguments: ToolCall(name=name, arguments=arguments),
        identifiers,
        st.dictionaries(identifiers, json_values, max_size=3),
    ),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(calls=made)
def test_what_is_written_is_read(name, calls):
    assert FORMATS[name].read(FORMATS[name].write(calls)) == ("", tuple(calls))


@pytest.mark.parametrize("name", NAMES)
def test_no_calls_are_no_text(name):
    assert FORMATS[name].write(()) == ""


def test_what_python_cannot_name_is_not_written():
    for wrong in (call("class"), call("a", **{"b-c": 1}), call("a b")):
        with pytest.raises(ValueError, match="is no name in Python"):
            FORMATS["pythonic"].write([wrong])


PIECES = [
    *"{}[]()<>\"\\'`,;:=*|｜\n\t \0\ud800é9eE-.",
    "1e999",
    "NaN",
    "1j",
    "</",
    "<think>",
    "</think>",
    "__import__('os').system('touch stolen')",
    "open('stolen', 'w')",
    "{'a': {",
    "[" * 100,
    "9" * 5_000,
]


def mutated(rng, text):
    for _ in range(rng.randint(1, 4)):
        i, j = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
        new = rng.choice([rng.choice(PIECES), text[i:j], "", text[j : j + 5] * 3])
        text = text[:i] + new + (text[i:] if rng.random() < 0.5 else text[min(j, i + 6) :])
    return text


def try_mutants(name, count, folder, monkeypatch):
    """Read mutants of published calls in an empty folder: good and bad calls, and its files."""
    monkeypatch.chdir(folder)
    rng = Random(name)
    seeds = [PUBLISHED[name][0], *(text for form, text, _ in FURTHER if form == name), *BAD[name]]
    seeds = [text for text in seeds if len(text) < 1_000]
    bad = good = 0
    for _ in range(count):
        words, calls = FORMATS[name].read(mutated(rng, rng.choice(seeds)))
        assert isinstance(words, str)
        good += sum(isinstance(one, ToolCall) for one in calls)
        bad += sum(isinstance(one, BadCall) for one in calls)
    return good, bad, os.listdir(folder)


@pytest.mark.parametrize("name", NAMES)
def test_mutants_neither_raise_nor_run(name, tmp_path, monkeypatch):
    good, bad, files = try_mutants(name, 500, tmp_path, monkeypatch)
    assert good > 10 and bad > 25  # the mutants are neither all whole nor all dead
    assert files == []


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_mutants_neither_raise_nor_run(name, tmp_path, monkeypatch):
    good, bad, files = try_mutants(name, 10_000, tmp_path, monkeypatch)
    assert good > 200 and bad > 500
    assert files == []


HOSTILE = [
    "<tool_call>{" * 20_000,
    '<tool_call>{"' * 20_000,
    '<tool_call>{"' + '\\"' * 50_000,
    "<tool_call><function=a><parameter=x>" * 5_000,
    "<tool_call>a<arg_key>x</arg_key><arg_value>" * 5_000,
    "<|tool_call|>[" * 20_000,
    "[TOOL_CALLS][" * 20_000,
    "<｜tool▁call▁begin｜>a<｜tool▁sep｜>{" * 10_000,
    "<|channel|>a to=b<|message|>{" * 10_000,
    "<|start|>" * 20_000,
    "f(" + " " * 100_000 + "x)",
    "f()" + " " * 100_000 + "x",
    "f(x)\n" * 10_000,
    "[f(" * 30_000,
    "\n" * 100_000,
    "a" * 100_000 + "(",
    '{"name": "a", "parameters": {"x": [' * 5_000,
]


@pytest.mark.parametrize("name", NAMES)
def test_long_hostile_texts_are_read_soon(name):
    for text in HOSTILE:
        start = time.process_time()
        FORMATS[name].read(text)
        assert time.process_time() - start < 2, text[:40]
