"""What gets out of each sandbox on this machine, and what a program costs in it.

    python benchmarks/sandbox.py [--runs 40] [--workers 2]

Every backend that works here: each attack and what it got (nothing, one hopes), the wall time of
`print(1)` one after the other, and programs per second with several workers.  The last backend,
`Unsafe`, is not attacked; it is there for the price of having walls.
"""

import argparse
import os
import platform
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from time import perf_counter

from whet.sandbox import Bubblewrap, Landlock, Limits, Program, Sandbox, Unsafe, leaks

PROGRAM = Program(source="print(1)")


def attacked(sandbox: Sandbox) -> None:
    """A line per attack."""
    for name, what in leaks(sandbox).items():
        print(f"    {name:<40} {what or 'nothing'}")


def seconds(action: Callable[[], object]) -> float:
    """Of wall time."""
    begun = perf_counter()
    action()
    return perf_counter() - begun


def timed(sandbox: Sandbox, runs: int, workers: int) -> None:
    """Latency alone, rate together."""

    def once(_: int = 0) -> None:
        done = sandbox.run(PROGRAM, Limits())
        assert done.stdout == b"1\n", done

    once()
    alone = sorted(seconds(once) for _ in range(runs))
    with ThreadPoolExecutor(workers) as threads:
        together = seconds(lambda: list(threads.map(once, range(runs))))
    late = alone[int(0.95 * (runs - 1))]
    print(f"    latency: median {1000 * median(alone):.1f} ms, 95 % {1000 * late:.1f} ms")
    print(f"    rate: {runs / together:.1f} programs/s with {workers} workers")


def main() -> None:
    """One backend after the other."""
    words = argparse.ArgumentParser()
    words.add_argument("--runs", type=int, default=40)
    words.add_argument("--workers", type=int, default=2)
    asked = words.parse_args()
    who = "root" if os.geteuid() == 0 else "an ordinary user"
    print(f"Linux {platform.release()}, {platform.machine()}, {os.cpu_count()} cores, as {who}")
    for sandbox in (Bubblewrap(slots=asked.workers), Landlock(slots=asked.workers)):
        print(f"\n{type(sandbox).__name__}")
        if why := sandbox.probe():
            print(f"    doesn't work here: {why}")
            continue
        attacked(sandbox)
        timed(sandbox, asked.runs, asked.workers)
    print("\nUnsafe, no sandbox")
    timed(Unsafe(slots=asked.workers), asked.runs, asked.workers)


if __name__ == "__main__":
    main()
