"""The tasks of an evaluation: which rows are asked, and which are left out."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.environments.single_turn import SingleTurn
from whet.front.subject import Subject
from whet.protocols import Corpus
from whet.rollouts.chat_checks import check_chats
from whet.rollouts.prompt_lengths import PromptLengths, check_room
from whet.types import Task, UsageError

_ENDLESS = 100  # problems of an endless corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalTasks:
    """The tasks of an evaluation, and the split that they are from."""

    split: str
    tasks: Sequence[Task]
    of: int | None  # tasks in the split; None: endless
    repeated: int = 0  # tasks with the prompt of another one
    too_long: int = 0  # tasks with a prompt of more than `longest` tokens
    longest: int = 0  # 0: no limit


async def drawn_tasks(subject: Subject, corpus: Corpus, problems: int, split: str) -> EvalTasks:
    """The tasks with prompts that fit the context of the model, where it is known."""
    positions = subject.engine.positions(subject.model)
    if positions is None and subject.longest:
        raise UsageError(
            f"max_prompt_length is {subject.longest} tokens, which a server does not count before "
            "it is asked; give 0"
        )
    size = corpus.size(split)
    wanted = problems or (_ENDLESS if size is None else size)
    tasks = corpus.held_out(split, wanted)
    renderer = await subject.engine.renderer(subject.model)
    lengths = [*zip(tasks, map(PromptLengths(renderer), tasks), strict=True)]
    if subject.longest:
        lengths = [(task, length) for task, length in lengths if length <= subject.longest]
    if not lengths:
        told = f"; none of {len(tasks)} prompts is as short as {subject.longest}" if tasks else ""
        raise UsageError(f"split {split!r} has no tasks{told}")
    check_chats(renderer, tasks, subject.environment)
    if isinstance(subject.environment, SingleTurn) and positions is not None:
        shorter = subject.engine.shortened(subject.model)
        check_room(lengths, positions, subject.decoding.max_new_tokens, shorter)
    return EvalTasks(
        split=split,
        tasks=[task for task, _ in lengths],
        of=size,
        repeated=0 if size is None else max(min(wanted, size) - len(tasks), 0),
        too_long=len(tasks) - len(lengths),
        longest=subject.longest,
    )
