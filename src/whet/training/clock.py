"""Timing of the parts of a step."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """Seconds between laps, by name; laps of the same name add up."""

    laps: dict[str, float] = field(default_factory=dict)
    _last: float = field(default_factory=time.perf_counter)

    def lap(self, name: str) -> None:
        """Add the time since the last lap to `name`."""
        now = time.perf_counter()
        self.laps[name] = self.laps.get(name, 0.0) + now - self._last
        self._last = now
