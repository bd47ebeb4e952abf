"""Rollouts by hand: columns as plain sequences, turns as texts."""

from typing import Any

import numpy as np

from whet.types import Rollout, Span, Version, dialogue

NOW = Version(step=0, digest="by hand")


def recorded(  # noqa: PLR0913  (a rollout has many columns)
    *,
    turns=(),
    tokens=(),
    chosen=(),
    behaviour_logp=(),
    entropy=None,
    char_ends=None,
    self_certainty=None,
    forced=0,
    version=NOW,
    **more: Any,
) -> Rollout:
    """The first `forced` chosen tokens are those of others, the rest those of `version`."""
    count = len(behaviour_logp)
    given = {"char_ends": (char_ends, np.int32), "self_certainty": (self_certainty, np.float32)}
    columns = {name: np.array(x, kind) for name, (x, kind) in given.items() if x is not None}
    spans = (Span(forced), Span(count - forced, version))
    return Rollout(
        **{"seed": 0}
        | {
            "token_ids": np.array(tokens, np.int32),
            "action_mask": np.array(chosen, np.bool_),
            "behaviour_logp": np.array(behaviour_logp, np.float32),
            "entropy": None if entropy is None else np.array(entropy, np.float32),
            "columns": columns,
            "spans": tuple(span for span in spans if span.tokens),
            "messages": dialogue(*turns),
        }
        | more
    )
