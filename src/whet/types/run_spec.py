"""What a part may know of the run that it is to work in, before anything is played."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """A run's numbers, for parts that depend on them.

    A part may have any of these, and need not:
    `standing_warning`, a text: what is worth a second thought wherever the part is used;
    `run_warning(spec)`, a text: what is worth one here; empty: nothing;
    `run_error(spec)`, a text: why it can't work here, and the remedy; empty: it can.
    """

    samples: int  # rollouts per task; 0: the schedule doesn't say
    max_new_tokens: int  # of a reply
    steps: int
    minibatches: int  # optimizer steps per step
