"""Whether a prompt and a reply fit into the positions of a model."""

from whet.types import ContextFull, UsageError


def check_fit(prompt: int, reply: int, positions: int) -> None:
    """Raise an error unless `prompt` + `reply` tokens are at most `positions`.

    Positions of 0 are no limit.  It is `UsageError` for a prompt without tokens and for a reply
    that fits after no prompt, which are wrong settings, and otherwise `ContextFull`.
    """
    if not prompt:
        raise UsageError("prompt has no tokens; give at least one")
    if not positions or prompt + reply <= positions:
        return
    kind = ContextFull if reply < positions else UsageError
    raise kind(
        f"decoding.max_new_tokens is {reply} after a prompt of {prompt} tokens, but the model has "
        f"{positions} positions; shorten one of them"
    )
