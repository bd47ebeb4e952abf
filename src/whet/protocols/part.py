"""What every part of a run may declare: nothing is looked up by name where a class can say it."""

from typing import ClassVar

from whet.types import Need, RunSpec


class Part:
    """Base class of all parts.  The defaults mean: works anywhere, needs nothing.

    A part overrides what it declares.  `needs` may be a property where it depends on inner parts.
    """

    __slots__ = ()

    needs: frozenset[Need] = frozenset()  # what the part cannot work without
    standing_warning: ClassVar[str] = ""  # what is worth a second thought wherever the part is used

    def run_warning(self, spec: RunSpec) -> str:
        """What is worth a second thought in this run; empty: nothing."""
        del spec
        return ""

    def run_error(self, spec: RunSpec) -> str:
        """Why the part can't work in this run, and the remedy; empty: it can."""
        del spec
        return ""
