"""Laws that every algorithm of this library obeys, as tests for your own algorithm."""

from whet.testing.laws import LAWS, check_objective

__all__ = ["LAWS", "check_objective"]
