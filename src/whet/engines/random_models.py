"""Models of any architecture with random weights, on which engines are examined."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from whet.engines.models import Folder
from whet.engines.tokenizers import CharacterTokenizer, TokenizerSpec

_KEPT = ("A_log", "dt_bias", "dt_proj", "time_", ".D")  # recurrences leave their range elsewhere
_NUDGE = 0.3  # standard deviation of what is added to vectors, such as norms and biases
_LOUD, _TIED = 0.7, 0.2  # of embeddings; a tied one is the output head, too


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomModel:
    """A model type of transformers with settings of its config, and weights counted from a seed.

    Logits are far from uniform, and no norm is all ones: with the weights that a library draws at
    first, a wrong attention would hardly change a log-prob.  Matrices have standard deviation
    1/√(last dimension), embeddings 0.7 (tied ones 0.2); vectors keep their first values, plus noise
    of 0.3.  Weights of recurrences keep theirs.
    """

    model_type: str
    settings: Mapping[str, Any]
    tokenizer: TokenizerSpec = field(default_factory=CharacterTokenizer)

    def save(self, folder: Path, seed: int = 0) -> Folder:
        """Write a Hugging Face folder of weights, config and tokenizer."""
        tokenizer = self.tokenizer.build()
        config = AutoConfig.for_model(
            self.model_type,
            **self.settings,
            vocab_size=len(tokenizer),
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model: Any = AutoModelForCausalLM.from_config(config)
        _spread(model, torch.Generator().manual_seed(seed))
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return Folder(path=str(folder))


@torch.no_grad()
def _spread(model: PreTrainedModel, rng: torch.Generator) -> None:
    embedding: Any = model.get_input_embeddings()
    head: Any = model.get_output_embeddings()
    loud = _TIED if head is not None and head.weight is embedding.weight else _LOUD
    for name, weight in model.named_parameters():
        if any(part in name for part in _KEPT):
            continue
        noise: Tensor = torch.randn(weight.shape, generator=rng)
        if weight.ndim == 1:
            weight.add_(_NUDGE * noise)
        else:
            wide = loud if weight is embedding.weight else weight.shape[-1] ** -0.5
            weight.copy_(wide * noise)
