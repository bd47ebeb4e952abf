"""For your own algorithm: the laws that every algorithm of this library obeys."""

from whet.testing.laws import LAWS, check_objective

__all__ = ["LAWS", "check_objective"]
