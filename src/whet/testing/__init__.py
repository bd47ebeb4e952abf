"""Laws that algorithms and engines of this library obey, as tests for your own."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from whet.testing.laws import LAWS, ObjectiveReport, check_objective

if TYPE_CHECKING:
    from whet.testing.engines import ENGINE_LAWS as ENGINE_LAWS
    from whet.testing.engines import EngineReport as EngineReport
    from whet.testing.engines import check_engine as check_engine

__all__ = [
    "ENGINE_LAWS",
    "LAWS",
    "EngineReport",
    "ObjectiveReport",
    "check_engine",
    "check_objective",
]


def __getattr__(name: str) -> Any:
    """Import the examination of engines at its first use: it loads transformers."""
    if name not in {"ENGINE_LAWS", "EngineReport", "check_engine"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("whet.testing.engines"), name)
