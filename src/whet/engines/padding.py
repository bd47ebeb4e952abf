"""Rows of a vocabulary beyond the tokens that another model knows."""

from transformers import PreTrainedModel


def cut_to(model: PreTrainedModel, rows: int) -> PreTrainedModel:
    """The same model with the first `rows` of its embedding and output layer; 0: with all.

    Its distributions are over these tokens alone. A model with fewer rows stays as it is.
    """
    if 0 < rows < output_rows(model):
        model.resize_token_embeddings(rows)
    return model


def output_rows(model: PreTrainedModel) -> int:
    """Rows of the output layer: tokens of the tokenizer, and padding."""
    return model.config.get_text_config().vocab_size
