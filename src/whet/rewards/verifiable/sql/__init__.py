"""SQL queries, compared by their results: test-suite accuracy (Zhong et al., arXiv:2010.02840)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from whet.rewards.verifiable.sql.reward import (
        AnyOrder,
        InOrder,
        Match,
        QueryCredit,
        QueryTiers,
        Sql,
    )

__all__ = ["AnyOrder", "QueryCredit", "InOrder", "Match", "Sql", "QueryTiers"]


def __getattr__(name: str) -> Any:
    """Import the reward when it is asked for: worker processes come here, and load no torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.reward"), name)
