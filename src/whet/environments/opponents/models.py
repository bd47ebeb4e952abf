"""Opponents that are models: a saved one, and earlier weights of the run itself."""

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from whet import durable
from whet.data.digests import folder_digest
from whet.environments.opponents.seats import Opponent, dice
from whet.protocols import Host, Learner, Policy, Rival, World, WorldSetup
from whet.types import IntegrityError, RunSpec, Task, UsageError

OPPONENTS = "opponents"  # beside a run's checkpoints: the weights of its pool
_STATE = "opponents.json"  # in a checkpoint: the digests of the pool, by step
_NAME = re.compile(r"step-\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen(Opponent):
    """The model of a Hugging Face folder, such as a checkpoint of another run.

    It has the decoding of the play, greedy where the policy is, and budgets of its own. It costs
    one more copy of weights. The digest of the folder is on the run's card.
    """

    folder: str

    def check(self) -> None:
        """Refuse a folder without a model."""
        if not (Path(self.folder) / "config.json").is_file():
            raise UsageError(
                f"opponent.folder is {self.folder!r}, which has no config.json; give the folder of "
                "a model, such as a checkpoint"
            )

    def digest(self) -> str:
        """The BLAKE2b of the folder's weights, configuration and tokenizer."""
        self.check()
        return folder_digest(Path(self.folder))

    async def open(self, setup: WorldSetup) -> "LiveFrozen":
        self.check()
        return LiveFrozen(await setup.rival(Path(self.folder)))

    def seated(self, policy: Policy, seat: str, world: World, task: Task) -> Policy:
        """Raise `UsageError`: it has no weights before it is opened."""
        raise UsageError(_unopened(self))


@dataclass(frozen=True, slots=True)
class LiveFrozen(Opponent):
    """The loaded model."""

    model: Rival

    def seated(self, policy: Policy, seat: str, world: World, task: Task) -> Policy:
        del world, task
        return hosted(policy, seat, self.model)

    async def close(self) -> None:
        await self.model.generator.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Past(Opponent):
    """Earlier weights of the run itself, as in fictitious self-play.

    After each multiple of `every` steps the present weights join a pool, which keeps the newest
    `last` versions. A play is against the pool with probability `share`, and against one version
    of it, each as likely; the seed of the play decides. In the other plays, and while the pool is
    empty, the policy plays all seats, and learns from all of them.

    The weights of the pool are kept in `checkpoints/opponents`, and cost `last` more copies in
    memory. A checkpoint holds which versions are in the pool.

    Source: the pool of past versions of OpenAI Five (arXiv:1912.06680, from memory: 80 % of games
    against the present weights); here uniform, without its quality scores.
    """

    every: int = 10
    last: int = 5
    share: float = 0.5

    def __post_init__(self) -> None:
        for name in ("every", "last"):
            if getattr(self, name) < 1:
                raise UsageError(f"opponent.{name} is {getattr(self, name)}; give 1 or more")
        if not 0 < self.share <= 1:
            raise UsageError(f"opponent.share is {self.share}; give more than 0, at most 1")

    def run_warning(self, spec: RunSpec) -> str:
        """A warning for a pool that stays empty."""
        if self.every < spec.steps:
            return ""
        return (
            f"opponent.every is {self.every}, but the run has {spec.steps} steps, so no play is "
            "against earlier weights; give less"
        )

    async def open(self, setup: WorldSetup) -> "LivePast":
        return LivePast(self, setup)

    def seated(self, policy: Policy, seat: str, world: World, task: Task) -> Policy:
        """Raise `UsageError`: it has no pool before it is opened."""
        raise UsageError(_unopened(self))


@dataclass(slots=True, eq=False)
class LivePast(Opponent):
    """The pool: models by the number of steps that their weights had taken."""

    settings: Past
    setup: WorldSetup
    pool: dict[int, Rival] = field(default_factory=dict, repr=False)

    def seated(self, policy: Policy, seat: str, world: World, task: Task) -> Policy:
        del world
        rng = dice(policy, seat, task)
        if not self.pool or rng.random() >= self.settings.share:
            return policy.seat(seat)
        return hosted(policy, seat, self.pool[rng.choice(sorted(self.pool))])

    async def after_step(self, done: int, learner: Learner, checkpoints: Path) -> None:
        """Add the learner's weights to the pool after every `every` steps."""
        if done % self.settings.every:
            return
        target = _kept(checkpoints, done)
        with durable.writing(target):
            target.parent.mkdir(exist_ok=True)
            partial = durable.begun(target)
            await learner.save(partial)
            durable.settle_folder(partial, target)
        self.pool[done] = await self.setup.rival(target)
        while len(self.pool) > self.settings.last:
            await self.pool.pop(min(self.pool)).generator.close()

    async def save(self, folder: Path) -> None:
        """Write the versions, and delete the weights that no checkpoint needs."""
        held = {str(done): model.generator.held().digest for done, model in self.pool.items()}
        (folder / _STATE).write_text(json.dumps(held), encoding="utf-8")
        needed = {int(done) for state in folder.parent.glob(f"*/{_STATE}") for done in _read(state)}
        for path in _kept(folder.parent, 0).parent.glob("step-*"):
            if path not in {_kept(folder.parent, done) for done in needed}:
                shutil.rmtree(path)

    async def load(self, folder: Path) -> None:
        """Load the versions of a checkpoint.

        Raises `IntegrityError` for weights that are missing or have changed.
        """
        await self.close()
        durable.mend(_kept(folder.parent, 0).parent, _NAME, lambda path, _: path.is_dir())
        for done, digest in _read(folder / _STATE).items():
            path = _kept(folder.parent, int(done))
            if not path.is_dir():
                raise IntegrityError(f"{path}, weights of an opponent, is missing; restore it")
            model = self.pool[int(done)] = await self.setup.rival(path)
            if model.generator.held().digest != digest:
                raise IntegrityError(
                    f"{path}, weights of an opponent, has changed: their digest was {digest}, and "
                    f"is {model.generator.held().digest}"
                )

    async def close(self) -> None:
        models, self.pool = self.pool, {}
        for model in models.values():
            await model.generator.close()


def hosted(policy: Policy, seat: str, model: Rival) -> Policy:
    """The seat of a model in a play.  Raises `UsageError` for a handle that can't seat one."""
    if not isinstance(policy, Host):
        raise UsageError(
            f"an opponent with weights has no seat in a {type(policy).__name__}; play with an "
            "engine, or give an opponent without weights"
        )
    return policy.rival(seat, model)


def _unopened(opponent: Opponent) -> str:
    name = type(opponent).__name__
    return f"opponent {name} has no weights yet; open the environment (Environment.open) first"


def _kept(checkpoints: Path, done: int) -> Path:
    return checkpoints / OPPONENTS / f"step-{done:06}"


def _read(state: Path) -> dict[str, str]:
    return json.loads(state.read_text(encoding="utf-8"))
