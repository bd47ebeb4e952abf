"""Numbers of a run that parts may check themselves against before the first rollout."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """Sizes of a run, for the checks of its parts before the first rollout.

    Any part may declare these:
    - `standing_warning`, a text: a warning wherever the part is used;
    - `run_warning(spec)`, a text: a warning in this run; empty for none;
    - `run_error(spec)`, a text: why the part cannot work in this run; empty if it can.
    """

    samples: int  # rollouts per task; 0: the group size varies
    max_new_tokens: int  # of a reply
    steps: int
    minibatches: int  # optimizer steps per training step
    replays: bool = False  # whether rollouts of older weights are learned from
    weighs: bool = False  # whether a replay multiplies the advantages of its groups by weights
    rounds: int = 0  # further rounds that a group may be sampled in
    demonstrates: bool = False  # whether the run has a demonstrator
    trains_external: bool = False  # whether a hint's tokens would be trained as the policy's own
    forks: bool = True  # whether the sampling's shape forks rollouts
    vocabulary: int = 0  # tokens that the model tells apart; 0: not known
    several_turns: bool = True  # whether the environment may have several turns, or fork
