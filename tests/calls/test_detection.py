"""The format that a chat template shows."""

import json
from pathlib import Path

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from whet.calls.formats import FORMATS, detected

TEMPLATES = Path(__file__).parents[1] / "rollouts" / "templates"


def refuse(message):
    raise ValueError(message)


def rendering(name, as_text):
    """The last message of a chat, rendered by a template."""
    environment = ImmutableSandboxedEnvironment(extensions=["jinja2.ext.loopcontrols"])
    environment.filters["tojson"] = lambda value, indent=None: json.dumps(value, indent=indent)
    environment.globals |= {"raise_exception": refuse, "strftime_now": lambda form: "today"}
    template = environment.from_string((TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8"))

    def render(call):
        arguments = json.dumps(dict(call.arguments)) if as_text else dict(call.arguments)
        function = {"name": call.name, "arguments": arguments}
        made = {"id": "abcdefghi", "type": "function", "function": function}
        chat = [
            {"role": "user", "content": "Q"},
            {"role": "assistant", "content": "", "tool_calls": [made]},
        ]
        shown = {"bos_token": "", "eos_token": "</s>", "add_generation_prompt": False}
        before = template.render(messages=chat[:1], **shown)
        return template.render(messages=chat, **shown).removeprefix(before)

    return render


@pytest.mark.parametrize(
    ("template", "as_text", "format_name"),
    [
        ("chatml", False, "hermes"),
        ("qwen3", False, "hermes"),
        ("llama3_2", False, "llama"),
        ("mistral_v03", False, "mistral"),
        ("r1_distill", True, "deepseek"),
        ("glm4_5", False, "glm"),
        ("harmony", False, "harmony"),
        ("phi3_5", False, "hermes"),  # shows no call
        ("smollm3", False, "hermes"),  # shows no call
    ],
)
def test_a_template_shows_its_format(template, as_text, format_name):
    assert detected(rendering(template, as_text)) == FORMATS[format_name]


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize(
    "frame", ["{}", "{}<|eot|>", "<|start|>assistant\n{}<|im_end|>\n", "<|header|>\n\n{}</s>"]
)
def test_every_format_is_found_in_a_frame(name, frame):
    render = lambda call: frame.format(FORMATS[name].write([call]))  # noqa: E731
    assert detected(render) == FORMATS[name]


@pytest.mark.parametrize("text", [None, "", "xylem", "whetprobe(q=xylem)", "<tool_call>whetprobe"])
def test_hermes_where_no_call_is_shown(text):
    assert detected(lambda call: text) == FORMATS["hermes"]
