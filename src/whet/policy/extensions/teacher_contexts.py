"""What a teacher reads in place of the policy's prompt."""

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from torch import Tensor

from whet.policy.extensions.groups import successes
from whet.protocols.extension import StepContext
from whet.protocols.part import Part
from whet.types import Need, Prompt, Rollout, RunSpec, UsageError

Views = Sequence[Rollout | None]


class TeacherContext(Part):
    """The context that a teacher scores a rollout in."""

    __slots__ = ()

    same: ClassVar[bool] = (
        False  # True: the policy's own prompt, so that equal weights teach nothing
    )

    @abstractmethod
    def views(self, context: StepContext, rollouts: Sequence[Rollout], group: Tensor) -> Views:
        """Each rollout as the teacher reads it; None for one that it can't teach.

        `group` is the index of the group of each rollout.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class SamePrompt(TeacherContext):
    """The policy's own prompt."""

    same: ClassVar[bool] = True

    def views(self, context: StepContext, rollouts: Sequence[Rollout], group: Tensor) -> Views:
        del context, group
        return rollouts


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstrated(TeacherContext):
    """A demonstration of the task in the prompt (SDFT, arXiv:2601.19897).

    A task without a demonstration is not taught. The default wording is from memory.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.DEMONSTRATOR})

    template: str = (
        "{prompt}\n\nThis is an example for a response to the question:\n{demonstration}\n\n"
        "Now answer with a response of your own, including the thinking process."
    )

    def __post_init__(self) -> None:
        _check_template(self.template, "Demonstrated.template", ("prompt", "demonstration"))

    def views(self, context: StepContext, rollouts: Sequence[Rollout], group: Tensor) -> Views:
        del group
        return [self._view(context, rollout) for rollout in rollouts]

    def _view(self, context: StepContext, rollout: Rollout) -> Rollout | None:
        shown = context.demonstrate(rollout.task)
        if shown is None:
            return None
        return under(context, rollout, self.template, {"demonstration": shown})


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(TeacherContext):
    """A right reply of the same group in the prompt, or feedback (SDPO, arXiv:2601.20802).

    The right reply is the first one of the group that is another rollout. Feedback is the note of a
    verdict that is not correct, such as the error of a program; without a text for `feedback` it is
    not shown. A rollout with neither is not taught. The wording was read in TRL's SDPOConfig.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.CORRECTNESS})

    template: str = "{prompt}{solution}{feedback}\n\nCorrectly solve the original question.\n"
    solution: str = "\nCorrect solution:\n\n{reply}\n\n"
    feedback: str = ""  # with {note}; empty: none is shown

    def __post_init__(self) -> None:
        _check_template(self.template, "Corrected.template", ("prompt", "solution", "feedback"))
        if self.solution:
            _check_template(self.solution, "Corrected.solution", ("reply",))
        if self.feedback:
            _check_template(self.feedback, "Corrected.feedback", ("note",))
        if not (self.solution or self.feedback):
            raise UsageError("Corrected has neither solution nor feedback; give one of them")

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for groups of one, which have no sibling, without feedback."""
        if spec.samples != 1 or self.feedback:
            return ""
        return (
            "Corrected has no effect: groups have 1 rollout, so there is no right sibling, and no "
            "feedback is shown; sample 2 or more, or give feedback, such as '{note}'"
        )

    def views(self, context: StepContext, rollouts: Sequence[Rollout], group: Tensor) -> Views:
        mates: dict[int, list[Rollout]] = {}
        for rollout, number in zip(rollouts, group.tolist(), strict=True):
            mates.setdefault(number, []).append(rollout)
        right = {number: successes(members) for number, members in mates.items()}
        return [
            self._view(context, rollout, [r for r in right[number] if r.id != rollout.id])
            for rollout, number in zip(rollouts, group.tolist(), strict=True)
        ]

    def _view(
        self, context: StepContext, rollout: Rollout, siblings: Sequence[Rollout]
    ) -> Rollout | None:
        verdict = rollout.verdict
        note = "" if verdict is None or verdict.correct else verdict.note
        solution = filled(self.solution, {"reply": siblings[0].reply}) if siblings else ""
        feedback = filled(self.feedback, {"note": note}) if note else ""
        if not (solution or feedback):
            return None
        held = {"solution": solution, "feedback": feedback}
        return under(context, rollout, self.template, held)


def filled(template: str, held: Mapping[str, str]) -> str:
    """The template with its marks replaced once, so that braces in what is filled in stay."""
    return re.sub(r"\{(\w+)\}", lambda mark: held.get(mark[1], mark[0]), template)


def _check_template(template: str, name: str, marks: Sequence[str]) -> None:
    for mark in marks:
        if f"{{{mark}}}" not in template:
            raise UsageError(f"{name} is {template!r}; it has to contain {{{mark}}}")


def asked(prompt: Prompt, template: str, held: Mapping[str, str]) -> Prompt:
    """The prompt in a template; of a chat it is the last message of the user."""
    if isinstance(prompt, str):
        return filled(template, {**held, "prompt": prompt})
    last = max((i for i, m in enumerate(prompt) if m["role"] == "user"), default=-1)
    if last < 0 or not isinstance(prompt[last]["content"], str):
        raise UsageError(
            "a teacher's context needs a prompt with a text of the user, which the chat lacks; "
            "choose another teacher"
        )
    text = filled(template, {**held, "prompt": prompt[last]["content"]})
    return (*prompt[:last], {**prompt[last], "content": text}, *prompt[last + 1 :])


def under(
    context: StepContext, rollout: Rollout, template: str, held: Mapping[str, str]
) -> Rollout:
    """The rollout behind another opening, with the same sampled tokens at the same temperature."""
    prompt = asked(rollout.shown or rollout.task.prompt, template, held)
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
