"""One play of an environment: its rollouts, however the environment ends.

A failure of infrastructure masks the play as a fault: `OSError`, with connections and time-outs,
a stream that is cut off, a program that takes too long, what was raised from such an error, or a
world that hangs.  A conversation without tokens left, of its episode or of the model's context,
ends as truncated.  Any other exception is a bug of the environment, and stops the run with one
line.
"""

import asyncio
import sys
from asyncio import IncompleteReadError
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http.client import HTTPException
from math import inf
from pathlib import Path
from subprocess import TimeoutExpired

from whet.environments.single_turn import SingleTurn
from whet.protocols import Environment
from whet.rollouts.begun import UNSTEADY
from whet.rollouts.recorder import Record, Recorder
from whet.scripts import complaint
from whet.types import (
    Finish,
    IntegrityError,
    Over,
    Reason,
    Rollout,
    Task,
    UsageError,
    Verdict,
    WorldBug,
)
from whet.types.errors import raised_from
from whet.types.messages import messages_of

_INFRASTRUCTURE = (OSError, IncompleteReadError, HTTPException, TimeoutExpired)


async def played(environment: Environment, record: Record, task: Task) -> list[Rollout]:
    """The rollouts of one play.

    Raises `UsageError` for a bug of the environment, and what the generator raised, even if the
    environment caught it.
    """
    if not 0 < environment.world_seconds < inf:  # NaN would stop all timers of the event loop
        name, given = type(environment).__name__, environment.world_seconds
        raise UsageError(f"{name}.world_seconds is {given}; give a finite time > 0")
    policy = Recorder.at(record, "", record.play.seed)
    try:
        async with _patience(environment.world_seconds, record):
            verdict = await environment.play(task, policy)
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # a panic of a Rust library is no Exception
        if record.paused and not _cancelled(error):
            return record.rollouts(None)
        found = _survived(environment, record, error)
        if found is None:
            raise _bug(environment, record, _first(error)) from error
        return found
    if record.paused:  # the environment caught the interruption
        return record.rollouts(None)
    _check_end(environment, record, verdict)
    return record.rollouts(verdict) or _mute(record, verdict)


def _check_end(environment: Environment, record: Record, verdict: object) -> None:
    """Refuse what is no verdict, and an end before all recorded tokens were repeated."""
    for given in (verdict, *(handle.verdict for handle in record.handles)):
        if not isinstance(given, Verdict | None):
            kind = type(given).__name__
            raise UsageError(
                f"environment {type(environment).__name__} gave {kind} for {_place(record)}; give "
                "a Verdict, or None to leave it to the reward"
            )
    if any(handle.begun and handle.row.chosen < handle.begun.tokens for handle in record.handles):
        raise UsageError(f"environment {type(environment).__name__}, {_place(record)}: {UNSTEADY}")


@asynccontextmanager
async def _patience(seconds: float, record: Record) -> AsyncIterator[None]:
    """Raise `TimeoutError` after one to two times `seconds` without progress.

    Waiting for the policy does not count.  A world that blocks the event loop is not interrupted.
    """
    loop, pending = asyncio.get_running_loop(), list[asyncio.TimerHandle]()
    async with asyncio.timeout(None) as limit:

        def look(before: tuple[int, int]) -> None:
            now = _progress(record)
            if now == before and not any(handle.asking for handle in record.handles):
                limit.reschedule(loop.time())
            else:
                pending[:] = [loop.call_later(seconds, look, now)]

        pending.append(loop.call_later(seconds, look, _progress(record)))
        try:
            yield
        finally:
            pending[0].cancel()


def _progress(record: Record) -> tuple[int, int]:
    return len(record.handles), sum(len(handle.row.acts) for handle in record.handles)


def _survived(
    environment: Environment, record: Record, error: BaseException
) -> list[Rollout] | None:
    """The rollouts of a play that an exception ended; None for a bug of the environment.

    Raises what is not the environment's: an error of the generator, or a cancelled play.
    """
    if record.broken is not None:
        raise record.broken
    if _cancelled(error) or isinstance(error, IntegrityError):
        raise error
    cause = _first(error)
    if isinstance(cause, Over) and isinstance(environment, SingleTurn):
        return None  # its prompts were checked before the run
    if isinstance(cause, Over) and any(h.over and h.row.acts for h in record.handles):
        return _truncated(record, environment.lowest_score)
    if isinstance(cause, Over) or _is_infrastructures(cause):
        return _masked(record, f"{type(environment).__name__}: {_told(cause, environment)}")
    return None


def _cancelled(error: BaseException) -> bool:
    """Whether the play itself was cancelled, and not a call of its environment."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _first(error: BaseException) -> BaseException:
    """The exception itself, or of a group the first one that is not infrastructure's."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [_first(one) for one in error.exceptions]
    return next((one for one in leaves if not _is_infrastructures(one)), leaves[0])


def _is_infrastructures(error: BaseException) -> bool:
    """Whether an exception is of infrastructure, or was raised from one that is."""
    return raised_from(error, _INFRASTRUCTURE, but=(UsageError, IntegrityError))


def _truncated(record: Record, score: float) -> list[Rollout]:
    """The rollouts so far: conversations that ran out of tokens have this score, others are void.

    Those with a verdict of their own keep it.
    """
    for handle in record.handles:
        if handle.over is not None and handle.verdict is None:
            why, finish = str(handle.over), handle.over.finish
            failed = Verdict.failure(Reason.TRUNCATED, note=why, finish=finish)
            handle.verdict = replace(failed, score=score)
    void = Verdict.not_applicable("another conversation of the play had no tokens left")
    return record.rollouts(void) or [_unasked(record, void)]


def _masked(record: Record, note: str) -> list[Rollout]:
    """The rollouts so far, or one with a reply of no token, with a fault as verdict."""
    fault = Verdict.unjudged(note)
    found = record.rollouts(fault) or [_unasked(record, fault)]
    return [replace(rollout, verdict=fault, finish=Finish.FAULT) for rollout in found]


def _mute(record: Record, verdict: Verdict | None) -> list[Rollout]:
    """A reply of no token with the world's verdict, where it ended without asking the policy."""
    if any(handle.row.acts for handle in record.own):
        return []
    fault = Verdict.unjudged("the environment ended without asking the policy, and gave no verdict")
    return [_unasked(record, fault if verdict is None else verdict)]


def _unasked(record: Record, verdict: Verdict) -> Rollout:
    handle = next(handle for handle in record.own if not handle.closed)
    handle.row.hear((), messages_of(record.task.prompt))
    handle.row.reply(0, "", None, "")
    return handle.rollout(verdict)


def _told(error: BaseException, environment: Environment) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        seconds = environment.world_seconds
        return f"TimeoutError, or nothing happened for {seconds:g} s (world_seconds)"
    return f"{type(error).__name__}: {error}"


def _place(record: Record) -> str:
    return f"task {record.task.id!r}, seed {record.play.seed}"


def _bug(environment: Environment, record: Record, error: BaseException) -> WorldBug:
    """One line: the environment, the place in its file, the exception, and the play."""
    for handle in record.handles:
        handle.verdict = None  # which may be none
    kind = type(environment)
    name, path = kind.__name__, getattr(sys.modules.get(kind.__module__), "__file__", None)
    if isinstance(error, UsageError):
        told = f"environment {name}, {_place(record)}: {error}"
    else:
        file = Path(path or kind.__module__)
        where = f"{file.name}{complaint(error, file)}"
        told = f"environment {name} of {where}; it played {_place(record)}"
    return WorldBug(told, record.rollouts(None))
