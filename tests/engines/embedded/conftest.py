"""Small models of three architectures, with norms and biases that are not all ones and zeros."""

from typing import Any

import pytest
import torch
from opened import opened
from transformers import AutoTokenizer

from whet.engines.models import Folder, FromScratch


@pytest.fixture(scope="session", params=["llama-tiny", "qwen3-tiny", "neox-tiny"])
def folder(request, tmp_path_factory):
    """A Hugging Face folder, as anyone might have written it."""
    path = tmp_path_factory.mktemp(request.param)
    model, tokenizer = FromScratch(shape=request.param).load("cpu", seed=7)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.ndim == 1:
                centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
                p.copy_(centre + 0.3 * torch.randn(p.shape, generator=rng))
        head: Any = model.get_output_embeddings()
        head.weight.mul_(6)  # far from a uniform distribution
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return str(path)


@pytest.fixture
def engine(folder):
    """A player and a learner of that folder."""
    return opened(folder, slots=64)


@pytest.fixture
def plain(folder):
    """The same model as transformers runs it, and its tokenizer."""
    return Folder(path=folder).load("cpu")[0], AutoTokenizer.from_pretrained(folder)
