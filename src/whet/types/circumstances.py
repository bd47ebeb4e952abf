"""Numbers of a run that parts may check themselves against before the first rollout."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Sizes of a run, for the checks of its parts before the first rollout.

    Any part may declare these:
    - `warns`, a text: a warning wherever the part is used;
    - `doubts(circumstances)`, a text: a warning in this run; empty for none;
    - `refuses(circumstances)`, a text: why the part cannot work in this run; empty if it can.
    """

    samples: int  # rollouts per task; 0: the group size varies
    length: int  # most tokens of a reply
    steps: int
    minibatches: int  # optimiser steps per training step
