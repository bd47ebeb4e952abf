"""STaR: unsolved tasks are played again with the answer as a hint."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from whet.policy.extensions.groups import own, successes, unsolved
from whet.protocols.algorithm import Companion
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.types import Group, Need, Play, Prompt, Request, Rollout, Task, Ticket, UsageError
from whet.types.messages import question_in, with_question


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHints(Companion):
    """Unsolved tasks are played again with the answer in the prompt.

    A correct reply joins the group under the prompt without the hint (STaR, arXiv:2203.14465,
    unconfirmed). The wording of the prompt is ours.
    """

    provides = frozenset({Need.DEMONSTRATIONS})
    needs = frozenset({Need.CORRECTNESS})

    hint: str = "\n(The answer is {answer}.)"

    def __post_init__(self) -> None:
        if "{answer}" not in self.hint:
            raise UsageError(f"AnswerHints.hint is {self.hint!r}; it needs the word {{answer}}")

    def prompt(self, prompt: str, answer: str) -> str:
        """The prompt with the hint."""
        return prompt + self.hint.replace("{answer}", answer)

    def hinted(self, task: Task) -> Prompt:
        """The task's prompt with the hint; in a chat it is added to the last question."""
        return with_question(task.prompt, self.prompt(question_in(task.prompt), task.answer))

    async def open(self, setup: SetupContext) -> "LiveAnswerHints":
        del setup
        return LiveAnswerHints(self)


@dataclass(slots=True)
class LiveAnswerHints(Extension):
    """Adds correct hinted replies to unsolved groups, under the prompt without the hint.

    It has no state, so the order of tickets does not matter.
    """

    settings: AnswerHints

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """Play as many hinted rollouts as the group has rollouts of the policy."""
        return await asyncio.gather(
            *(self._explained(context, ticket, g) if unsolved(g) else _unchanged(g) for g in groups)
        )

    async def _explained(self, context: StepContext, ticket: Ticket, group: Group) -> Group:
        told = await context.play(self._request(context, ticket, group))
        return group.joined([_bare(context, group.task, r) for r in successes(told)])

    def _request(self, context: StepContext, ticket: Ticket, group: Group) -> Request:
        name, prompt = f"rationalised {ticket.label}", self.settings.hinted(group.task)
        seeds = context.seeds(name, group.task, len(own(group)))
        plays = (Play(seed=seed, decoding=context.decoding, prompt=prompt) for seed in seeds)
        return Request(task=group.task, plays=tuple(plays))


async def _unchanged(group: Group) -> Group:
    return group


def _bare(context: StepContext, task: Task, rollout: Rollout) -> Rollout:
    return replace(context.render(task, rollout.reply), verdict=rollout.verdict)
