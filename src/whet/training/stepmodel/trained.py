"""A trained model of steps, as `process_model` wants one: a value that names its folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from whet.policy.backwards import after
from whet.protocols import Engine, ValueModel
from whet.types import Rollout, UsageError

_KEPT = 2
_models: dict[tuple[Engine, str, int], ValueModel] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedSteps:
    """What `train_step_model` left in the folder `path`; loaded when it is first asked."""

    path: str
    engine: Engine

    def __post_init__(self) -> None:
        """Refuse a folder that isn't there."""
        if not Path(self.path).is_dir():
            raise UsageError(
                f"steps.path {self.path!r} is no folder; train one with train_step_model"
            )

    async def scores(self, rollouts: Sequence[Rollout]) -> list[list[float]]:
        """After every chosen token, p = σ(V)."""
        newest = max(f.stat().st_mtime_ns for f in Path(self.path).iterdir())
        said = (await after(await _opened(self.engine, self.path, newest), rollouts)).sigmoid()
        return [part.tolist() for part in said.split([r.length for r in rollouts])]


async def _opened(engine: Engine, path: str, newest: int) -> ValueModel:
    """Once for each state of the folder; the last two are kept."""
    key = engine, path, newest
    if key not in _models:
        model = await engine.critic(Path(path))
        await model.load(Path(path))
        while len(_models) >= _KEPT:
            del _models[next(iter(_models))]
        _models[key] = model
    return _models[key]
