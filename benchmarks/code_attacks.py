"""Programs that attack the judge `code`, on every sandbox that works here.

    python benchmarks/code_attacks.py            # all of them
    python benchmarks/code_attacks.py --show     # and what each obtained
    python benchmarks/code_attacks.py --keep     # and write benchmarks/verdicts

A line per sandbox and user: programs tried, how many won something, and of those: paid (a test
passed, or a fault was made), leaked (something of the host was read), left (files or processes were
there afterwards).
"""

import argparse
import os

from attack_counts import Attacks

from whet.rewards.verifiable.code.forgery_checks import Forgery, names, tried
from whet.rewards.verifiable.code.reward import Code
from whet.sandbox import Bubblewrap, Landlock, Limits

LIMITS = Limits(wall_s=4.0, cpu_s=3.0)
GAINS = ("paid", "leaked", "left")


def attacks(place: str, found: list[Forgery]) -> Attacks:
    """The row of a sandbox."""
    counts = {what: sum(bool(getattr(one, what)) for one in found) for what in GAINS}
    return Attacks(
        judge="code",
        attack="hostile program",
        place=place,
        tried=len(found),
        won=sum(any(getattr(one, what) for what in GAINS) for one in found),
        note=", ".join(f"{what} {count}" for what, count in counts.items()),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="attacks on the judge of programs")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/verdicts")
    parser.add_argument("--sandbox", choices=("Bubblewrap", "Landlock"))
    asked = parser.parse_args()
    user = "root" if os.geteuid() == 0 else "an ordinary user"
    print("| judge | attack | place | tried | won | note |\n" + "| --- " * 6 + "|")
    for sandbox in (Bubblewrap(), Landlock()):
        name = type(sandbox).__name__
        if asked.sandbox not in (None, name):
            continue
        if why := sandbox.probe():
            print(f"| code | hostile program | {name} | doesn't work here: {why} | | |")
            continue
        judge = Code(sandbox=sandbox, limits=LIMITS, total_s=60.0)
        found = [tried(one, judge) for one in names()]
        row = attacks(f"{name} as {user}", found)
        print(row.line(), flush=True)
        if asked.keep:
            row.keep()
        for one in found if asked.show else ():
            if one.paid or one.leaked or one.left:
                print(f"    {one}")


if __name__ == "__main__":
    main()
