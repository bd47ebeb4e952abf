"""The examination of an engine: every law, on one model."""

import asyncio
from collections.abc import Sequence
from typing import Any

from whet.protocols import Engine
from whet.testing.engines.examined import ExaminedEngine
from whet.testing.engines.findings import EngineReport, LawFinding, LawRecord
from whet.testing.engines.laws import ENGINE_LAWS
from whet.types import IntegrityError, Over, UsageError

_RAISED = (  # by engines that break; a law that ends so is broken
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    OSError,
    Over,
)
_SHOWN = 3  # failures of a law that are told


def check_engine(
    engine: Engine, model: Any, *, seed: int = 0, laws: Sequence[str] = tuple(ENGINE_LAWS)
) -> EngineReport:
    """Examine an engine on a model: sampling, learning, delivery, each law by itself.

    Numbers are compared with an unmodified forward of transformers (`whet.engines.plain.forward`)
    on the model that `model.load` gives.  Differences up to a limit that follows the dtype are
    rounding.  The gradient is read off a step of AdamW, so nothing but the protocols is used:
    the engine may be anyone's.  `model` is a `whet.engines.models.ModelSource`, small enough for
    the CPU; it is loaded several times.

    Raises `UsageError` where the engine refuses the model when it is opened.
    """
    return asyncio.run(examine(engine, model, seed, laws))


async def examine(
    engine: Engine, model: Any, seed: int, laws: Sequence[str] = tuple(ENGINE_LAWS)
) -> EngineReport:
    """`check_engine` inside of an event loop."""
    subject = await ExaminedEngine.of(engine, model, seed)
    try:
        findings = [await _finding(subject, name) for name in laws]
    finally:
        await subject.player.close()
    return EngineReport(
        engine=type(engine).__name__,
        findings=tuple(findings),
        notes=tuple(await engine.notes(model)),
    )


async def _finding(subject: ExaminedEngine, law: str) -> LawFinding:
    found = LawRecord(stray=subject.limits.stray)
    try:
        await ENGINE_LAWS[law](subject, found)
    except IntegrityError as error:
        found.failures.append(f"{type(error).__name__}: {error}")
    except UsageError as error:
        return LawFinding(law=law, gap=found.gap, limit=found.limit, refused=str(error))
    except _RAISED as error:
        reason = " ".join(str(error).split())
        found.failures.append(f"{type(error).__name__}: {reason:.200}")
    told = list(dict.fromkeys(found.failures))
    more = f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return LawFinding(
        law=law,
        gap=found.gap,
        limit=found.limit,
        failure="; ".join(told[:_SHOWN]) + more,
        unshown=found.unshown,
    )
