"""What every part of a run may declare: nothing is looked up by name where a class can say it."""

from typing import ClassVar

from whet.types import Circumstances, Need


class Part:
    """Base class of all parts.  The defaults mean: works anywhere, needs nothing.

    A part overrides what it declares.  `needs` may be a property where it depends on inner parts.
    """

    __slots__ = ()

    needs: frozenset[Need] = frozenset()  # what the part cannot work without
    warns: ClassVar[str] = ""  # what is worth a second thought wherever the part is used

    def doubts(self, circumstances: Circumstances) -> str:
        """What is worth a second thought in this run; empty: nothing."""
        del circumstances
        return ""

    def check(self) -> None:
        """Raise `Refusal` where this machine lacks what the part needs: a device, a package."""

    def refuses(self, circumstances: Circumstances) -> str:
        """Why the part can't work in this run, and the remedy; empty: it can."""
        del circumstances
        return ""
