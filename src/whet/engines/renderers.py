"""The renderer of a model: its tokenizer, its ends, the date and the settings of its chats."""

from dataclasses import replace
from pathlib import Path

from transformers import GenerationConfig, PreTrainedTokenizerBase

from whet.engines.ends import end_tokens
from whet.engines.models import Folder, ModelSource
from whet.rollouts.chat_settings import PLAIN
from whet.rollouts.renderer import TextRenderer


def renderer_of(
    model: ModelSource, tokenizer: PreTrainedTokenizerBase, generation: GenerationConfig | None
) -> TextRenderer:
    """The renderer of a tokenizer, with the date and the chat settings of the model."""
    today, chat = (model.today, model.chat) if isinstance(model, Folder) else ("", PLAIN)
    ends = end_tokens(tokenizer, generation or GenerationConfig(), chat)
    return TextRenderer(tokenizer, ends, today, chat)


def beside(model: ModelSource, folder: Path) -> Folder:
    """The model in `folder`, with the date and the chat settings of `model`."""
    source = Folder.as_saved(folder)
    if isinstance(model, Folder):
        source = replace(source, today=model.today, chat=model.chat)
    return source
