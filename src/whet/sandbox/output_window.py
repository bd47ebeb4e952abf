"""The beginning and the end of an output of any length."""

_LATER_BYTES = bytes(range(0x80, 0xC0))  # of a character of several bytes, all but the first
_WIDEST = 4  # bytes of a character


class OutputWindow:
    """Keeps as much of an output as is shown: at most `most` characters."""

    def __init__(self, most: int) -> None:
        self._most, self._room = most, _WIDEST * most
        self._head, self._tail = bytearray(), bytearray()
        self._characters = 0
        self.bytes = 0  # of all that was added

    def add(self, piece: bytes) -> None:
        """Add what follows."""
        self.bytes += len(piece)
        self._characters += len(piece.translate(None, _LATER_BYTES))
        room = max(0, self._room - len(self._head))
        self._head += piece[:room]
        self._tail += piece[room:]
        del self._tail[: -self._room]

    def text(self) -> str:
        """The output; the middle of a long one is left out."""
        whole = (self._head + self._tail).decode(errors="replace")
        if self._characters <= self._most:
            return whole
        first = (self._most + 1) // 2
        last = self._most - first
        left_out = self._characters - self._most
        end = whole[-last:] if last else ""
        return f"{whole[:first]}… {left_out} characters left out …{end}"
