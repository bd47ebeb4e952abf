"""A trained model of steps, as `process_model` wants one: a value that names its folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from whet.policy.backwards import after
from whet.protocols import Engine, ValueModel
from whet.types import Refusal, Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedSteps:
    """What `teach_steps` left in the folder `path`; loaded when it is first asked."""

    path: str
    engine: Engine

    def __post_init__(self) -> None:
        """Refuse a folder that isn't there."""
        if not Path(self.path).is_dir():
            raise Refusal(f"steps.path {self.path!r} is no folder; train one with teach_steps")

    def scores(self, rollouts: Sequence[Rollout]) -> list[list[float]]:
        """After every chosen token, p = σ(V)."""
        newest = max(f.stat().st_mtime_ns for f in Path(self.path).iterdir())
        said = after(_opened(self.engine, self.path, newest), rollouts).sigmoid()
        return [part.tolist() for part in said.split([r.length for r in rollouts])]


@lru_cache(maxsize=2)
def _opened(engine: Engine, path: str, newest: int) -> ValueModel:
    """Once for each state of the folder."""
    del newest
    model = engine.critic(Path(path))
    model.load(Path(path))
    return model
