"""What a sampling strategy may use of a run."""

from whet.protocols import Renderer, SamplingSetup
from whet.training.run import Run
from whet.types import Task


def sampling_setup(run: Run, renderer: Renderer | None = None) -> SamplingSetup:
    """The setup of a run's strategy; without a renderer, texts have no ids."""
    plain = SamplingSetup(corpus=run.corpus, seed=run.seed, steps=run.steps)
    if renderer is None:
        return plain

    def demonstrate(task: Task) -> str | None:
        return None if run.demonstrator is None else run.demonstrator.demonstrate(task)

    def ids(task: Task, reply: str) -> tuple[int, ...]:
        return renderer.closed_ids(task, reply)

    return SamplingSetup(
        corpus=run.corpus, seed=run.seed, steps=run.steps, demonstrate=demonstrate, ids=ids
    )
