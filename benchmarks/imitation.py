"""Steps of imitation with plain transformers, for small models that a server can load."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from whet.rollouts.renderer import TextRenderer
from whet.types import Task

Lesson = tuple[Task, str]
"""A task, and the reply that is imitated."""


def imitated(
    model: Any,
    tokenizer: Any,
    renderer: TextRenderer,
    batches: Iterable[Sequence[Lesson]],
    folder: Path,
) -> float:
    """Take a step of AdamW on each batch, save the model, and return the loss of the last one.

    The loss is in nats for a token of the replies.  The learning rate rises over 20 steps.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    loss = torch.tensor(float("nan"))
    for step, lessons in enumerate(batches):
        shown = [renderer.demonstration(*lesson) for lesson in lessons]
        shape = len(shown), max(len(one.token_ids) for one in shown)
        ids, labels = torch.zeros(shape, dtype=torch.long), torch.full(shape, -100)
        for row, one in enumerate(shown):
            ids[row, : len(one.token_ids)] = torch.tensor(one.token_ids)
            own = torch.tensor(one.action_mask)
            labels[row, : len(own)][own] = torch.tensor(one.chosen_ids).long()
        optimizer.param_groups[0]["lr"] = 2e-3 * min(1.0, (step + 1) / 20)
        loss = model(input_ids=ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return loss.item()
