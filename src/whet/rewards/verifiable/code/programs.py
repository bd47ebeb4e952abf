"""Which text of a reply is the program."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import dedent, indent

_FENCE = re.compile(
    r"^(?P<indent>[ \t]*(?:(?:[-*+>]|\d+[.)])[ \t]+)?)(?:<\w+>[ \t]*)?"
    r"(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})(?P<rest>[^\n]*)$"
    r"|(?P<end>(?<!`)`{3,})[ \t\r]*(?:<[^<>\n]*>[ \t\r]*)*$",
    re.MULTILINE,
)
_DEEPER = 3  # blanks by which a closing fence may stand deeper than the opening one
_TAG = re.compile(r"^[ \t\r]*(?:<[^<>\n]*>[ \t\r]*)*$")  # what may stand behind a closing fence
_PYTHON = re.compile(r"\{?\.?(?:py|python|ipython|cpython|pypy)[\d.]*\b", re.IGNORECASE)
_STARTS = re.compile(
    r"(?:async )?(?:def|class|import|from|for|while|if|with|try|return|print)\b"
    r"|@|#|\w[\w, ]* = "
)
_WORKS = re.compile(r"^[ \t]*(?:def|class|import|from|return|lambda)\b|\w[ \t]*\(", re.MULTILINE)
_DEFINED = re.compile(
    r"^(?:(?:async )?(?:def|class)[ \t]+(\w+)|(\w+)[ \t]*(?::[^=\n]*)?=[^=])", re.MULTILINE
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """A fenced block: the word behind its fence, its text, and whether it is closed."""

    language: str
    text: str
    closed: bool = True

    @property
    def is_python(self) -> bool:
        """Tagged as Python, or not tagged and with a call or a definition in it."""
        tag = self.language
        return bool(_PYTHON.match(tag)) if tag else bool(_WORKS.search(self.text))


def program_of(text: str, starter: str, *, parts: bool, cut: bool) -> str | None:
    """The program in a reply; None where there is none, or where it is cut off.

    It is the last block of Python.  Where functions are tested (`parts`), blocks before it come
    with it if it uses a name that they define and that it doesn't.  Blocks of other languages and
    of output are passed over.  A reply without a fence is a program if it begins like one.  A body
    alone follows `starter`, the head of its function.
    """
    found = _blocks(text)
    if found and cut and not found[-1].closed:
        return None
    chosen = [block.text for block in found if block.is_python]
    if found and not chosen:
        return None
    if not found:
        bare = _answered(text).strip("\r\n")
        chosen = [bare] if _STARTS.match(bare.lstrip()) else []
    code = _joined(chosen) if parts else (chosen[-1] if chosen else "")
    return _completed(code, starter) if code.strip() else None


def _answered(text: str) -> str:
    """The text in the last complete pair of answer tags, else all of it."""
    before, closing, _ = text.rpartition("</answer>")
    _, opening, inner = before.rpartition("<answer>")
    return inner.partition("</answer>")[0] if closing and opening else text


def _blocks(text: str) -> list[CodeBlock]:
    """All blocks; the last one may be open.  A line of code may end in the closing fence."""
    found: list[CodeBlock] = []
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        mark = fence["fence"] or fence["end"]
        if opened is None:
            opened = fence if fence["fence"] else None
        elif mark.startswith(opened["fence"]) and _closes(opened, fence):
            found.append(_block(opened, text[opened.end() + 1 : fence.start()]))
            opened = None
    if opened is not None:
        found.append(_block(opened, text[opened.end() + 1 :], closed=False))
    return found


def _closes(opened: re.Match[str], fence: re.Match[str]) -> bool:
    """Whether a fence ends a block; one that stands deeper is in a docstring, as in Markdown."""
    deeper = len(fence["indent"] or "") - len(opened["indent"])
    return deeper <= _DEEPER and _TAG.match(fence["rest"] or "") is not None


def _block(opened: re.Match[str], content: str, *, closed: bool = True) -> CodeBlock:
    tag = opened["rest"].strip().partition(" ")[0]
    if opened["indent"]:
        content = re.sub(rf"^[ \t]{{1,{len(opened['indent'])}}}", "", content, flags=re.MULTILINE)
    return CodeBlock(language=tag, text=content, closed=closed)


def _joined(blocks: Sequence[str]) -> str:
    """The last block, after those that define what it uses."""
    code = ""
    for block in reversed(blocks):
        wanted = set(_WORD.findall(code)) - _defined(code)
        if not code:
            code = block
        elif wanted & _defined(block):
            code = f"{block}\n{code}"
    return code


def _defined(code: str) -> set[str]:
    return {name or other for name, other in _DEFINED.findall(code)}


def _completed(code: str, starter: str) -> str:
    """The program; one that doesn't define the starter's function is the body of it."""
    if not starter or _defined(starter) & _defined(code):
        return code
    lines = [line for line in code.splitlines() if line.strip()]
    depths = [len(line) - len(line.lstrip()) for line in lines]
    least = min(depths[1:], default=0)
    opens = lines[0].rstrip().endswith(":") and depths[1:2] == [least]
    if not depths[0] and not opens:  # its first line has lost its indent
        code = " " * least + code.lstrip()
    return f"{starter.rstrip()}\n{indent(dedent(code), '    ')}"
