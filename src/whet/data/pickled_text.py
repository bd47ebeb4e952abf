"""The text in a pickle of one text, read without unpickling: a pickle is a program."""

from io import BytesIO
from pickletools import genops

_TEXT = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"})
_SILENT = frozenset({"PROTO", "FRAME", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "STOP"})


def pickled_text(data: bytes) -> str:
    """The one text that a pickle holds.

    The opcodes are listed, none is run.  Raises `ValueError`, which names the opcode, for any other
    than those of a text, and for data that is no pickle, is cut, or goes on after its end.
    """
    texts: list[str] = []
    source = BytesIO(data)
    for opcode, argument, _ in genops(source):
        if opcode.name in _TEXT and isinstance(argument, str) and not texts:
            texts.append(argument)
        elif opcode.name not in _SILENT:
            what = opcode.name if argument is None else f"{opcode.name} {argument!r:.40}"
            raise ValueError(f"the pickle holds {what}, and may hold one text alone")
    if not texts or source.tell() != len(data):
        raise ValueError("the pickle holds no text" if not texts else "data follows the pickle")
    return texts[0]
