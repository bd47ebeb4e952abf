"""Shapes and types are checked while tests run; property tests have no deadline."""

import torch
from hypothesis import settings
from jaxtyping import install_import_hook

install_import_hook("whet", "typecheck.tower")
torch.set_num_threads(1)
settings.register_profile("house", deadline=None, database=None, derandomize=True)
settings.load_profile("house")
