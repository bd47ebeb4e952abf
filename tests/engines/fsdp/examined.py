"""The laws of engines on all ranks at once; torchrun starts it, and every rank samples alike.

Its arguments are a folder of a model, and a folder that all ranks can write to.
"""

import sys
import warnings
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from whet.engines.fsdp.engine import FSDP
from whet.engines.fsdp.ranks import all_ranks, leave
from whet.engines.models import Folder
from whet.testing import check_engine
from whet.testing.engines.laws import delivery, flight, learning

_NUMBERS = count()


@contextmanager
def one_folder():
    """In place of `TemporaryDirectory`, which gives every process another one."""
    place = Path(sys.argv[2]) / f"folder-{next(_NUMBERS)}"
    all_ranks("cpu").together(lambda: place.mkdir(exist_ok=True))
    yield str(place)


def main():
    warnings.simplefilter("error")
    for laws in (delivery, flight, learning):
        laws.TemporaryDirectory = one_folder
    report = check_engine(FSDP(budget=60), Folder(path=sys.argv[1]))
    rank = all_ranks("cpu").rank
    sys.stdout.write("".join(f"[rank {rank}] {line}\n" for line in str(report).splitlines()))
    sys.stdout.flush()
    leave()
    sys.exit(0 if report.passed else 1)


if __name__ == "__main__":
    main()
