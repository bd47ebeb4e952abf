"""Shapes and types are checked while tests run; property tests have no deadline."""

import torch
import typecheck
from hypothesis import settings

typecheck.install("whet")
torch.set_num_threads(1)
settings.register_profile("house", deadline=None, database=None, derandomize=True)
settings.load_profile("house")
