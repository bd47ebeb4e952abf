"""Worlds that fail as libraries do, and worlds that never ask the policy."""

import asyncio
import http.client
import subprocess

import pytest
from echoing import played

from whet.types import Reason, UsageError, Verdict


class ConnectError(Exception):
    """As in httpx: no `OSError`, but raised from one."""


class PanicError(BaseException):
    """As in libraries written in Rust."""


def raising(error, cause=None):
    async def world(task, policy):
        await policy(task.prompt)
        raise error from cause

    return world


INFRASTRUCTURE = {
    "raised from a connection": (ConnectError("down"), ConnectionRefusedError("down")),
    "raised from a group's": (
        ExceptionGroup("two", [ConnectError("down"), TimeoutError()]),
        None,
    ),
    "a stream cut off": (asyncio.IncompleteReadError(b"", 5), None),
    "a server's nonsense": (http.client.BadStatusLine("x"), None),
    "a program that hangs": (subprocess.TimeoutExpired("ls", 3), None),
}
INFRASTRUCTURE["raised from a group's"][0].exceptions[0].__cause__ = OSError("down")


@pytest.mark.parametrize("name", INFRASTRUCTURE)
def test_what_comes_of_infrastructure_is_a_fault(name):
    [[done, _]], _ = played(raising(*INFRASTRUCTURE[name]))
    assert done.verdict.reason is Reason.VERIFIER_ERROR and done.verdict.fault
    assert done.reply == "30"


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ValueError("of its own"), None),
        (ValueError("from another"), KeyError("x")),
        (PanicError("index out of bounds"), None),
        (BaseExceptionGroup("one", [PanicError("index out of bounds")]), None),
        (UsageError("wrong setting"), FileNotFoundError("x")),
    ],
)
def test_what_does_not_is_one_line(error, cause):
    with pytest.raises(UsageError) as caught:
        played(raising(error, cause))
    said = str(caught.value)
    assert "\n" not in said and "task 't'" in said and "seed 3" in said


def test_an_interrupt_passes():
    with pytest.raises(KeyboardInterrupt):
        played(raising(KeyboardInterrupt()))


def test_a_play_without_a_question_has_its_verdict():
    """As where another player wins before the policy's first turn."""
    plays = []

    async def world(task, policy):
        if plays:
            await policy(task.prompt)
        plays.append(task)
        return Verdict.failure(Reason.WRONG)

    [group], _ = played(world)
    assert [rollout.length for rollout in group] == [0, 3]
    assert all(rollout.verdict.reason is Reason.WRONG for rollout in group)


def test_a_play_without_question_and_verdict_is_a_fault():
    async def world(task, policy):
        pass

    [group], _ = played(world)
    assert [rollout.verdict.fault for rollout in group] == [True, True]
    assert "without asking" in group.rollouts[0].verdict.note


def test_a_world_of_named_seats_has_no_further_rollout():
    async def world(task, policy):
        await policy.seat("white")(task.prompt)

    [group], _ = played(world)
    assert group.seat == "white" and len(group.rollouts) == 2
