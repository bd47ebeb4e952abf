"""`whet eval` that is killed while it writes.

python killed_evaluations.py COUNT SHARE WORDS … evaluates as `whet eval WORDS` does, and kills
itself (SIGKILL) when the rows of COUNT tasks are written and SHARE of the bytes of the next.
"""

import os
import signal
import sys
from dataclasses import dataclass

from whet.cli.main import main
from whet.evaluation.sample_file import SampleFile
from whet.protocols import Reward
from whet.types import Reason, Rollout, Verdict


@dataclass(frozen=True)
class OddLength(Reward):
    """Right where the reply has an odd number of characters; a longer one scores more."""

    def score(self, rollout: Rollout) -> Verdict:
        length, answer = len(rollout.reply), rollout.reply[:1]
        share = min(length, 4) / 5
        right = length % 2 == 1
        return Verdict(reason=Reason.PARTIAL, score=share, correct=right, answer=answer)


def kill_after(count: int, share: float) -> None:
    """Have the next evaluation end so."""
    append, left = SampleFile._append, [count]

    def cut(self: SampleFile, lines: bytes) -> None:
        left[0] -= 1
        if left[0] >= 0:
            append(self, lines)
            return
        append(self, lines[: int(share * len(lines))])
        os.kill(os.getpid(), signal.SIGKILL)

    SampleFile._append = cut


if __name__ == "__main__":
    kill_after(int(sys.argv[1]), float(sys.argv[2]))
    sys.exit(main(["eval", *sys.argv[3:]]))
