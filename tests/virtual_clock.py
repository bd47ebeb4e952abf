"""An event loop whose clock jumps to the next timer: waits cost no time, and keep their order."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingSelector(selectors.SelectSelector):
    """It never waits; what it was asked to wait has passed afterwards."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now. Raises `RuntimeError` where nothing could ever happen."""
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits, and no timer is set")
        if not ready:
            self.passed += timeout or 0.0
        return ready


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """Its time is the sum of all waits, in seconds."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds on the virtual clock."""
        return self._jumping.passed


def simulated(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that runs on a virtual clock. Threads must not be waited for."""
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(work)
