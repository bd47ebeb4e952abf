"""No filter: every group is learned from, and counts in the denominators."""

from dataclasses import dataclass

from whet.protocols import Gate
from whet.types import Group


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitAll(Gate):
    """Every group enters the batch."""

    def __call__(self, group: Group) -> bool:
        del group
        return True
