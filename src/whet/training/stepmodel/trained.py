"""A trained step model as a value for `process_model`, which names its folder."""

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
    """The step model that `train_step_model` wrote to `path`, loaded on first use."""

    path: str
    engine: Engine

    def __post_init__(self) -> None:
        if not Path(self.path).is_dir():
            raise UsageError(
                f"steps.path {self.path!r} is not a folder; train a step model with "
                "train_step_model"
            )

    async def scores(self, rollouts: Sequence[Rollout]) -> list[list[float]]:
        """Probability p = σ(V) after every sampled token."""
        newest = max(f.stat().st_mtime_ns for f in Path(self.path).iterdir())
        said = (await after(await _opened(self.engine, self.path, newest), rollouts)).sigmoid()
        return [part.tolist() for part in said.split([r.length for r in rollouts])]


async def _opened(engine: Engine, path: str, newest: int) -> ValueModel:
    """The loaded model, once per state of the folder; the last two are kept."""
    key = engine, path, newest
    if key not in _models:
        model = await engine.critic(Path(path))
        await model.load(Path(path))
        while len(_models) >= _KEPT:
            del _models[next(iter(_models))]
        _models[key] = model
    return _models[key]
