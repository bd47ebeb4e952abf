"""Base class of parts: attributes that a part may declare, with their defaults."""

from typing import ClassVar

from whet.types import Need, RunSpec


class Part:
    """Base class of all parts. By default a part works in any run and needs nothing.

    `needs` may be a property where it depends on inner parts.
    """

    __slots__ = ()

    needs: frozenset[Need] = frozenset()  # what the part requires of the run
    standing_warning: ClassVar[str] = ""  # a warning wherever the part is used
    remembers: ClassVar[bool] = False  # acts on tasks that come again, by earlier visits

    def run_warning(self, spec: RunSpec) -> str:
        """A warning about this part in this run; empty for none."""
        del spec
        return ""

    def check(self) -> None:
        """Raise `UsageError` where this machine lacks what the part needs: a device, a package."""

    def run_error(self, spec: RunSpec) -> str:
        """Why the part cannot work in this run, and the remedy; empty if it can."""
        del spec
        return ""
