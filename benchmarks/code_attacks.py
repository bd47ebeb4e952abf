"""Programs that attack the judge `code`, on every sandbox that works here.

    python benchmarks/code_attacks.py            # all of them
    python benchmarks/code_attacks.py --show     # and what each obtained

A line per sandbox: programs tried, paid (a test passed, or a fault was made), leaked (something of
the host was read), left (files or processes were there afterwards).
"""

import argparse
import os

from whet.rewards.verifiable.code.forgery_checks import Forgery, names, tried
from whet.rewards.verifiable.code.reward import Code
from whet.sandbox import Bubblewrap, Landlock, Limits

LIMITS = Limits(wall_s=4.0, cpu_s=3.0)


def line(name: str, found: list[Forgery]) -> str:
    """The line of a sandbox in the table."""
    counts = [sum(bool(getattr(one, what)) for one in found) for what in ("paid", "leaked", "left")]
    return f"| {' | '.join(map(str, (name, len(found), *counts)))} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="attacks on the judge of programs")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--sandbox", choices=("Bubblewrap", "Landlock"))
    asked = parser.parse_args()
    print(f"as {'root' if os.geteuid() == 0 else 'an ordinary user'}")
    print("| sandbox | tried | paid | leaked | left |")
    print("| --- | --- | --- | --- | --- |")
    for sandbox in (Bubblewrap(), Landlock()):
        name = type(sandbox).__name__
        if asked.sandbox not in (None, name):
            continue
        if why := sandbox.probe():
            print(f"| {name} | doesn't work here: {why} | | | |")
            continue
        judge = Code(sandbox=sandbox, limits=LIMITS, total_s=60.0)
        found = [tried(one, judge) for one in names()]
        print(line(name, found), flush=True)
        for one in found if asked.show else ():
            if one.paid or one.leaked or one.left:
                print(f"    {one}")


if __name__ == "__main__":
    main()
