"""The examination of engines: laws that every engine of this library obeys, and a user's should."""

from whet.testing.engines.check import check_engine, examine
from whet.testing.engines.findings import EngineReport, LawFinding
from whet.testing.engines.laws import ENGINE_LAWS

__all__ = ["ENGINE_LAWS", "EngineReport", "LawFinding", "check_engine", "examine"]
