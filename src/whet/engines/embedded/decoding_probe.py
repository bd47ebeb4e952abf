"""Whether replies that are forked and decoded over cached keys are those of the original model."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Int
from torch import Tensor
from transformers import PreTrainedModel

from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.cache import KVCache
from whet.engines.embedded.forest import NAME
from whet.engines.embedded.probe import probe_texts, refusal, tolerance_of
from whet.engines.embedded.prompts import Prompts
from whet.engines.embedded.scheduler import Scheduler
from whet.engines.embedded.sessions import SequenceState
from whet.types import Decoding

_REPLY = 3  # tokens
_MORE = 2  # tokens of others between two replies of a conversation


@torch.no_grad()
def check_decoding(backbone: Backbone, original: str) -> None:
    """Refuse a model whose cached keys say something else than the whole text.

    A reply is decoded; then a fork of it from the middle of its prompt, and the next reply of the
    same conversation, side by side.  Each token's log-prob is compared with a forward pass of the
    whole text by the attention `original` of the library.  Raises `UsageError`.
    """
    model = backbone.model
    first, other = probe_texts(model)
    size = len(first)
    reply = min(_REPLY, backbone.positions - size)
    if reply < 1:
        return
    scheduler = Scheduler(
        backbone,
        _silent,
        2,
        Prompts(backbone, KVCache(backbone.cache_shape), size),
        KVCache(backbone.cache_shape),
    )
    begun = _asked(scheduler, first, reply, "first")
    _run(scheduler)
    replies = [begun, _asked(scheduler, other, reply, "other", "first")]
    longer = [*first, *begun.tokens, *first[:_MORE]]
    if len(longer) + reply <= backbone.positions:
        replies.append(_asked(scheduler, longer, reply, "first"))
    _run(scheduler)
    with _as(model, original):
        _compare(model, replies)


def _asked(
    scheduler: Scheduler, prompt: list[int], reply: int, session: str, fork_of: str = ""
) -> SequenceState:
    how = Decoding(temperature=0.0, max_new_tokens=reply)
    sequence = SequenceState(tuple(prompt), how, 0, 0, frozenset())
    scheduler.ask(sequence, session, fork_of)
    return sequence


def _run(scheduler: Scheduler) -> None:
    while not scheduler.idle:
        scheduler.step()


def _compare(model: PreTrainedModel, replies: list[SequenceState]) -> None:
    for sequence in replies:
        ids = torch.tensor([*sequence.prompt, *sequence.tokens], device=model.device)
        logits = _whole(model, ids)[len(sequence.prompt) - 1 : -1]
        said = torch.tensor(sequence.tokens, device=model.device)
        due = logits.log_softmax(-1).gather(1, said[:, None])[:, 0]
        gap = (due.cpu() - torch.tensor(sequence.logp)).abs().max().item()
        most = logits.abs().max().item()
        if not gap <= 2 * tolerance_of(model) * most:
            raise refusal(
                model,
                "decodes something else than it reads: log-probs of a reply over cached keys "
                f"differ by {gap:.3g}",
            )


def _whole(model: PreTrainedModel, ids: Int[Tensor, " n"]) -> Tensor:
    return model(input_ids=ids[None], use_cache=False).logits[0].float()


@contextmanager
def _as(model: PreTrainedModel, attention: str) -> Iterator[None]:
    """The model with an attention of the library inside the block."""
    model.set_attn_implementation(attention)
    try:
        yield
    finally:
        model.set_attn_implementation(NAME)


def _silent(ids: object) -> str:
    """No text: there are no stop strings."""
    del ids
    return ""
