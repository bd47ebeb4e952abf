"""The formats that models write calls in, by name, and the one that a chat template shows."""

import re
from collections.abc import Callable, Mapping

from whet.calls.call_format import CallFormat as CallFormat
from whet.calls.formats.deepseek import Deepseek as Deepseek
from whet.calls.formats.glm import Glm as Glm
from whet.calls.formats.harmony import Harmony as Harmony
from whet.calls.formats.hermes import Hermes as Hermes
from whet.calls.formats.llama import Llama as Llama
from whet.calls.formats.mistral import Mistral as Mistral
from whet.calls.formats.phi import Phi as Phi
from whet.calls.formats.pythonic import Pythonic as Pythonic
from whet.calls.formats.xml import Xml as Xml
from whet.types import ToolCall

DEFAULT = Hermes()
FORMATS: Mapping[str, CallFormat] = {
    "hermes": DEFAULT,
    "xml": Xml(),
    "glm": Glm(),
    "mistral": Mistral(),
    "deepseek": Deepseek(),
    "phi": Phi(),
    "harmony": Harmony(),
    "pythonic": Pythonic(),
    "llama": Llama(),
}
PROBE = ToolCall(name="whetprobe", arguments={"q": "xylem"})


def detected(render: Callable[[ToolCall], str | None]) -> CallFormat:
    """The format in which a chat template shows calls; hermes where it shows none.

    `render` returns an assistant's message that makes the given call and says nothing, as text, or
    None.  What a template puts before the message, up to the end of a line, and the end tokens
    after it do no harm.
    """
    text = render(PROBE)
    for part in () if text is None else _parts(text):
        for found in FORMATS.values():
            if _shows(found, part):
                return found
    return DEFAULT


def _parts(text: str) -> list[str]:
    """The text, and what follows each of its line breaks."""
    return [text, *(text[place.end() :] for place in re.finditer("\n", text))]


def _shows(found: CallFormat, text: str) -> bool:
    calls = found.read(text)[1]
    return len(calls) == 1 and (
        isinstance(calls[0], ToolCall)
        and (calls[0].name, calls[0].arguments) == (PROBE.name, PROBE.arguments)
    )
