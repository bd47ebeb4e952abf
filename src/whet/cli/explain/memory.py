"""Estimates of memory: weights, gradients, the optimizer, caches, and further models."""

from collections.abc import Iterator
from pathlib import Path

from whet.engines.embedded.engine import Embedded
from whet.engines.embedded.masters import Float32Masters
from whet.engines.models import Folder
from whet.environments.opponents import Past
from whet.environments.single_turn import SingleTurn
from whet.training.run import Run
from whet.types import Need, Size
from whet.types.further_models import AveragedModel, FurtherModel, TrainedModel

_GIB = 2**30
_FLOAT32 = 4  # bytes


def memory(run: Run) -> list[str]:
    """One line about the model, one about the memory of a run, and one for further models."""
    size = run.model.size()
    weights = size.parameters * size.weight_bytes / _GIB
    lora = run.engine.lora is not None
    anchored = Need.REFERENCE in run.objective.needs
    copies = 1 + (anchored and bool(run.warmup)) if lora else 2 + anchored
    copies += sum(one.last for one in run.environment.opponents if isinstance(one, Past))
    training = 0.0 if lora else size.parameters * _bytes_of_training(run, size) / _GIB
    slots = run.engine.slots
    cache = slots * most_tokens(run)[0] * size.cache_bytes / _GIB
    return [
        f"model: {size.parameters:,} parameters, {size.positions or 'no limit of'} positions",
        f"memory: weights {copies} × {weights:.2f} GiB, gradients and AdamW "
        f"{'of the adapters only' if lora else f'{training:.2f} GiB'}, "
        f"cache of {slots} rollouts at most {cache:.2f} GiB; activations are extra",
        *_beside(run, size),
    ]


def most_tokens(run: Run) -> tuple[int, str]:
    """The most sampled tokens of a conversation, or " for each reply" where no more is known."""
    reply, episode = run.decoding.max_new_tokens, run.decoding.max_episode_tokens
    if isinstance(run.environment, SingleTurn):
        return min(reply, episode or reply), ""
    return (episode, "") if episode else (reply, " for each reply")


def _beside(run: Run, size: Size) -> Iterator[str]:
    """What the companions of the algorithm hold, one line for all."""
    told = [
        f"{type(companion).__name__} {sum(_bytes_of(run, size, one) for one in models) / _GIB:.2f} "
        f"GiB for {len(models)} model{'s' * (len(models) > 1)}"
        for companion in run.objective.companions
        if (models := companion.further_models)
    ]
    if told:
        yield f"memory beside the policy: {', '.join(told)}"


def _bytes_of(run: Run, size: Size, one: FurtherModel) -> int:
    """Bytes of a further model's weights, and of what is kept for each of them."""
    own = Folder.as_saved(Path(one.path)).size() if one.path else size
    each = own.weight_bytes
    if isinstance(one, AveragedModel):
        each += _FLOAT32
    if isinstance(one, TrainedModel):
        each += _bytes_of_training(run, own)
    return own.parameters * each


def _bytes_of_training(run: Run, size: Size) -> int:
    """Bytes a weight of its gradient, of AdamW's two moments, and of its float32 copy if any."""
    low = size.weight_bytes < _FLOAT32
    if low and isinstance(run.engine, Embedded) and isinstance(run.engine.masters, Float32Masters):
        return 4 * _FLOAT32
    return 3 * size.weight_bytes
