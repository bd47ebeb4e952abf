"""Checks of a run before any compute.  They read no weights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from sys import maxsize
from typing import Any

from whet.data.prompts import prompt_text
from whet.data.short_prompts import ShortPrompts
from whet.environments.single_turn import SingleTurn
from whet.environments.teaching import Transcripts
from whet.policy.inspection import walk
from whet.protocols import Corpus, Part, Renderer
from whet.rollouts.chat_checks import check_chats
from whet.rollouts.prompt_lengths import PromptLengths, check_room
from whet.training.doubts import brings_tasks, doubts
from whet.training.lag_checks import check_tasks
from whet.training.prompted import format_tags, stop_strings
from whet.training.run import Run
from whet.training.trial import trial
from whet.training.validation import validate
from whet.training.vocabularies import check_teachers
from whet.types import Need, Task, UsageError

_LOOKED_AT = 1000  # tasks drawn from an endless corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitTasks:
    """The tasks that a run draws from one split of one corpus."""

    what: str  # in messages: training, evaluation (test)
    tasks: Sequence[Task]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is known of a run before any compute."""

    notes: list[str]  # one sentence each
    chat: Mapping[str, Any]  # facts of the chat template, for the card; empty without chats


async def preflight(run: Run) -> list[str]:
    """Check the inputs of a run; the result is a list of notes, as of `examined`."""
    return (await examined(run)).notes


async def examined(run: Run) -> Examined:
    """Check the inputs of a run.

    Raises `UsageError` for a run that can't work: contradictory parts, a missing device or package,
    a broken model folder, prompts that leave no room for a reply, a chat template that does not
    tell how later turns follow a reply, a demonstrator without demonstrations, a player of a
    warm-up that can't play its world, a reward that can't be imported, a user's function
    that can judge no reply on trial.
    """
    validate(run)
    for part in walk(run):
        if isinstance(part, Part):
            part.check()
    for warmup in run.warmup:
        if isinstance(warmup.teacher, Transcripts):
            await warmup.teacher.check_players()
    positions = run.engine.positions(run.model) or maxsize
    told = await run.engine.notes(run.model)
    renderer = await run.engine.renderer(run.model)
    drawn = list(_drawn(run))
    check_room((), positions, run.decoding.max_new_tokens, run.engine.shortened(run.model))
    count = PromptLengths(renderer)
    notes = [n for one in drawn if one.tasks for n in _prompts(run, one, count, positions)]
    every = [task for one in drawn for task in one.tasks]
    chat = check_chats(renderer, every, run.environment)
    training = drawn[0].tasks
    check_tasks(run, training)
    check_teachers(run, renderer.vocabulary, training)
    _check_demonstrator(run, training)
    if not brings_tasks(run.environment):  # openings of a world don't tell its tasks apart
        notes += _in_both(training, drawn[1])
    notes += stop_strings(run.decoding, renderer)
    notes += format_tags(run, training)
    tried = await trial(run, training, renderer)
    every_note = dict.fromkeys([*told, *notes, *tried, *renderer.notes(), *doubts(run)])
    return Examined(notes=list(every_note), chat=chat)


def shortened(run: Run, renderer: Renderer) -> Run:
    """The run without the tasks with prompts above `max_prompt_length`."""
    if not run.max_prompt_length:
        return run
    count = PromptLengths(renderer)

    def short(corpus: Corpus) -> Corpus:
        return ShortPrompts(corpus=corpus, most=run.max_prompt_length, count=count)

    measured = None if run.eval_corpus is None else short(run.eval_corpus)
    return replace(run, corpus=short(run.corpus), eval_corpus=measured)


def _drawn(run: Run) -> Iterator[SplitTasks]:
    size = run.corpus.size("train")
    looked_at = range(
        _LOOKED_AT if size is None else max(size, 1)
    )  # if it has no task, drawing the first one raises the message
    yield SplitTasks(what="training", tasks=[run.corpus.task("train", i) for i in looked_at])
    yield SplitTasks(what="test", tasks=run.measured.held_out("test", run.evaluation.problems))
    if run.periodic.every:
        yield SplitTasks(
            what="dev", tasks=run.measured.held_out("dev", run.periodic.evaluation.problems)
        )


def _prompts(run: Run, drawn: SplitTasks, count: PromptLengths, positions: int) -> Iterator[str]:
    """Note the number of skipped prompts.  Raise `UsageError` for one without room for a reply."""
    if not isinstance(run.environment, SingleTurn):
        return  # it words its own
    measured = [(task, count(task)) for task in drawn.tasks]
    most = run.max_prompt_length or positions
    kept = [(task, length) for task, length in measured if length <= most]
    if run.max_prompt_length:
        if not kept:
            shortest = min(length for _, length in measured)
            raise UsageError(
                f"max_prompt_length is {most}, but the shortest of {len(measured)} {drawn.what} "
                f"prompts has {shortest} tokens; give {shortest} or more"
            )
        if len(kept) < len(measured):
            yield (
                f"max_prompt_length {most} leaves out {len(measured) - len(kept)} of "
                f"{len(measured)} {drawn.what} prompts"
            )
        measured = kept
    shorter = run.engine.shortened(run.model)
    check_room(measured, positions, run.decoding.max_new_tokens, shorter)


def _in_both(training: Sequence[Task], test: SplitTasks) -> Iterator[str]:
    """A note on evaluation prompts that are also training prompts."""
    known = {prompt_text(task.prompt) for task in training}
    shared = [task for task in test.tasks if prompt_text(task.prompt) in known]
    if shared and test.tasks[0].prompt:
        yield (
            f"{len(shared)} of {len(test.tasks)} {test.what} prompts are among the training "
            f"prompts, too; the first: {shared[0].id}"
        )


def _check_demonstrator(run: Run, tasks: Sequence[Task]) -> None:
    """Raise `UsageError` for a demonstrator without a demonstration for the training tasks."""
    shown = run.demonstrator
    if shown is None or Need.DEMONSTRATOR not in run.objective.needs or not tasks:
        return
    if all(shown.demonstrate(task) is None for task in tasks):
        columns = ", ".join(sorted(tasks[0].info)) or "nothing"
        raise UsageError(
            f"demonstrator {shown} has nothing to show of {len(tasks)} training tasks, the first "
            f"{tasks[0].id}; the tasks' info has {columns}"
        )
