"""What a learner sends to generators, and how the generator of a learner shares its weights."""

from collections.abc import Mapping
from copy import deepcopy

from torch import Tensor
from transformers import PreTrainedModel

from whet.engines.digest import checked, manifest, sealed, tree
from whet.engines.embedded.adapters import adapters, merged_tensors
from whet.types.weights import Version, Weights

_OWN = ".lora_"  # in the names of adapters' weights, as peft gives them


def twin(model: PreTrainedModel) -> PreTrainedModel:
    """A model with adapters of its own over the same base tensors, without gradients.

    The base is never trained, so that both read one copy of it.
    """
    shared = [*(p for name, p in model.named_parameters() if _OWN not in name), *model.buffers()]
    found = deepcopy(model, {id(t): t for t in shared})  # what deepcopy takes as copied already
    for name, weight in found.named_parameters():
        if _OWN in name:
            weight.requires_grad = False
    return found


def delivered(model: PreTrainedModel) -> Mapping[str, Tensor]:
    """What a model of a generator takes: its adapters, or all weights without any."""
    return adapters(model) or model.state_dict()


def publication(step: int, model: PreTrainedModel) -> Weights:
    """The weights of a learner as generators take them.

    Of a model with adapters these are the adapters.  The version still has the digest of the merged
    weights, which identifies the policy; they are merged one tensor at a time.

    Raises `IntegrityError` for weights that are not finite.
    """
    own = adapters(model)
    if not own:
        return sealed(step, model.state_dict())
    whole = checked(step, manifest(merged_tensors(model)))
    return Weights(Version(step, tree(whole)), checked(step, manifest(own)), own)


def whole_digest(model: PreTrainedModel) -> str:
    """The digest of a model's weights, with adapters merged."""
    return tree(manifest(merged_tensors(model)))
