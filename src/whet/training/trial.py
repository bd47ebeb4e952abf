"""A trial of a run's reward before the run: it has to tell the right answer from no answer."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from whet.data.checking.gold_verdicts import FORMS
from whet.environments.single_turn import SingleTurn
from whet.policy.inspection import walk
from whet.protocols import ChatModel, Demonstrator, Judge, Renderer
from whet.rewards.adapters.written import UserFunction
from whet.rewards.judging import context_of, judge
from whet.rollouts.correctness import check_correctness
from whet.training.run import Run
from whet.types import Group, Need, Rollout, Task, UsageError, Verdict

_TRIAL_S = 30.0  # limit for the reward of a few replies
_TASKS = 4  # at most, until the replies to one of them differ in score


async def trial(run: Run, tasks: Sequence[Task], renderer: Renderer) -> list[str]:
    """Score the answers of a few tasks, in several forms, and an empty reply.

    The notes name a reward that can't judge them, and one that gives all of them one score.  A
    `UsageError` is raised for a reward without correctness, where the algorithm needs it, for one
    that raises it, and for a user's function that can judge none of all these replies.  Rewards
    that query a model or need rollouts of the policy are not tried.
    """
    reward = run.reward
    if reward is None or not tasks or not isinstance(run.environment, SingleTurn):
        return []
    if Need.POLICY in reward.needs or any(isinstance(p, ChatModel) for p in walk(reward)):
        return []
    return await _tried(run, reward, tasks, renderer)


async def _tried(run: Run, reward: Judge, tasks: Sequence[Task], renderer: Renderer) -> list[str]:
    """The first note on a few tasks; none where the replies to one of them differ in score."""
    notes: list[str] = []
    every: list[Verdict] = []
    for task in tasks[:: max(len(tasks) // _TASKS, 1)][:_TASKS]:
        replies = _replies(task, tasks, run.demonstrator)
        group = Group.of(list(_rollouts(task, replies, renderer)))
        try:
            judged = await asyncio.wait_for(judge(group, reward, context_of()), _TRIAL_S)
        except TimeoutError:
            name = type(reward).__name__
            return [f"reward {name} took more than {_TRIAL_S:g} s for {len(group)} replies"]
        check_correctness(run.objective, [judged])
        verdicts = [rollout.verdict for rollout in judged if rollout.verdict is not None]
        found = list(_doubts(type(reward).__name__, task, verdicts))
        if not found:
            return []
        notes += found
        every += verdicts
    _refuse_faults(reward, every)
    return notes[:1]


def _refuse_faults(reward: Judge, verdicts: Sequence[Verdict]) -> None:
    """Raise `UsageError` for a user's function of which every verdict is a fault.

    Faults of single replies don't end a run, so such a function would never give a reward.
    """
    own = [part for part in walk(reward) if isinstance(part, UserFunction)]
    if own and verdicts and all(verdict.fault for verdict in verdicts):
        note = " ".join(verdicts[0].note.split())
        raise UsageError(
            f"reward {own[0].path}:{own[0].function} could judge none of {len(verdicts)} replies "
            f"on trial: {note:.200}; mend it, or give another"
        )


def _replies(task: Task, others: Sequence[Task], shown: Demonstrator | None) -> list[str]:
    """The task's answer in all forms, a worked solution, another task's answer, and nothing."""
    solution = None if shown is None else shown.demonstrate(task)
    other = next((one.answer for one in others if one.answer != task.answer), "")
    wrong = [form.format(other) for form in FORMS] if other else []
    right = [form.format(task.answer) for form in FORMS]
    return [*right, *([] if solution is None else [solution]), *wrong, ""]


def _rollouts(task: Task, replies: Sequence[str], renderer: Renderer) -> Iterator[Rollout]:
    """A rollout per reply; the tokens are those of the answer, for not every reply has tokens."""
    said = renderer.demonstration(task, task.answer)
    for seed, reply in enumerate(replies):
        last = {**said.messages[-1], "content": reply}
        messages = (*said.messages[:-1], last)
        yield replace(said, seed=seed, id="", messages=messages).sealed()


def _doubts(name: str, task: Task, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """A note on an answer that can't be judged, or that has the score of all other replies."""
    if verdicts[0].fault:
        note = " ".join(verdicts[0].note.split())
        yield f"the reward could not judge the answer of {task.id} itself: {note:.200}"
        return
    scores = {verdict.score for verdict in verdicts if verdict.judged}
    if task.answer.strip() and len(scores) == 1 and len(verdicts) > 1:
        yield (
            f"reward {name} gives {scores.pop():g} to the answer of {task.id} and to an empty "
            "reply: no group will differ in reward, unless replies have a form that was not tried"
        )
