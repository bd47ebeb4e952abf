"""Shapes and types are checked while tests run; property tests have no deadline.

Nothing is synced to the disk, for no test cuts the power, and a sync takes some 10 ms.
"""

from collections.abc import Iterator

import pytest
import torch
import typecheck
from hypothesis import settings

typecheck.install("whet")
torch.set_num_threads(1)
settings.register_profile("house", deadline=None, database=None, derandomize=True)
settings.load_profile("house")


@pytest.fixture(autouse=True, scope="session")
def _unsynced() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("whet.durable.sync", int)
        yield
