"""Settings of a run that can't act, because of other settings of the run."""

from collections.abc import Iterator

from whet.environments.single_turn import SingleTurn
from whet.policy.inspection import walk
from whet.protocols import Part, PromptOrder
from whet.training.run import Run
from whet.types.optimizers import AdamW


def idle_settings(run: Run) -> list[str]:
    """One sentence for each setting that can't act in this run."""
    return [*_rate(run), *_once(run), *_periodic(run), *_episode(run)]


def _rate(run: Run) -> Iterator[str]:
    """A learning-rate warm-up that the run doesn't finish, and a rate of 0."""
    warmup = getattr(run.optimizer.decay, "warmup", 0)
    if run.steps and warmup > run.steps:
        yield (
            f"optimizer.decay.warmup is {warmup}, but the run has {run.steps} steps, so the "
            f"learning rate never reaches optimizer.lr; give {run.steps} or less"
        )
    phases = [("optimizer", run.optimizer, run.steps)]
    phases += [(f"warmup[{i}].optimizer", w.optimizer, w.steps) for i, w in enumerate(run.warmup)]
    for name, optimizer, steps in phases:
        if steps and isinstance(optimizer, AdamW) and not optimizer.lr:
            yield f"{name}.lr is 0, so these {steps} steps change no weight; give more"


def _once(run: Run) -> Iterator[str]:
    """Memories of tasks, where no task comes twice."""
    size = run.corpus.size("train")
    drawn = run.steps * run.sampling.tickets
    if size is not None and drawn > size:
        return
    if any(part.repeats for part in walk(run.sampling) if isinstance(part, PromptOrder)):
        return
    for part in (*walk(run.objective), *walk(run.sampling)):
        if isinstance(part, Part) and part.remembers:
            of = "without end" if size is None else f"of {size}"
            remedy = "take a finite set of tasks" if size is None else "give more steps"
            yield (
                f"{type(part).__name__} remembers tasks from an earlier visit, but {run.steps} "
                f"steps draw {drawn} tasks from a set {of}, so none comes twice; {remedy}"
            )


def _episode(run: Run) -> Iterator[str]:
    """A limit of replies above that of the episode, and one of the episode for a single reply."""
    reply, episode = run.decoding.max_new_tokens, run.decoding.max_episode_tokens
    if not episode:
        return
    told = f"sampling.decoding.max_episode_tokens is {episode}, and max_new_tokens {reply}: "
    if reply > episode:
        yield f"{told}no reply has more than {episode}; give max_new_tokens {episode} or less"
    elif isinstance(run.environment, SingleTurn):
        yield f"{told}each conversation has one reply, so only the second one acts; leave it out"


def _periodic(run: Run) -> Iterator[str]:
    every = run.periodic.every
    if every > run.steps > 0:
        yield (
            f"periodic.every is {every}, but the run has {run.steps} steps, so the only periodic "
            "evaluation is that of the last step; give less"
        )
