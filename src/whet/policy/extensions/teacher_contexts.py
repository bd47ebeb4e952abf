"""What a teacher reads in place of the policy's prompt."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from whet.protocols.extension import StepContext
from whet.protocols.part import Part
from whet.types import Prompt, Rollout

Views = Sequence[Rollout | None]


class TeacherContext(Part):
    """The context that a teacher scores a rollout in."""

    __slots__ = ()

    same: bool = False  # True: the policy's own prompt, so that equal weights teach nothing

    @abstractmethod
    def views(self, context: StepContext, rollouts: Sequence[Rollout], group: Tensor) -> Views:
        """Each rollout as the teacher reads it; None for one that it can't teach.

        `group` is the index of the group of each rollout.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SamePrompt(TeacherContext):
    """The policy's own prompt."""

    same: bool = True

    def views(self, context: StepContext, rollouts: Sequence[Rollout], group: Tensor) -> Views:
        del context, group
        return rollouts


def under(context: StepContext, rollout: Rollout, prompt: Prompt) -> Rollout:
    """The rollout behind another opening, with the same sampled tokens at the same temperature."""
    shown = context.render(replace(rollout.task, prompt=prompt), "")
    opening = shown.token_ids[: _first(shown)]
    own = _first(rollout)
    ids = np.concatenate([opening, rollout.token_ids[own:]])
    mask = np.concatenate([np.zeros(len(opening), np.bool_), rollout.action_mask[own:]])
    return replace(
        rollout,
        token_ids=ids,
        action_mask=mask,
        acts=(),
        parent="",
        forked_at=0,
        id=f"{rollout.id}/teacher",
        seal="",
    )


def _first(rollout: Rollout) -> int:
    """Index of the first sampled token; the number of tokens where there is none."""
    places = np.flatnonzero(rollout.action_mask)
    return int(places[0]) if len(places) else len(rollout.token_ids)
