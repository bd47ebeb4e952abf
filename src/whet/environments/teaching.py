"""A teacher for worlds: conversations of given players, to imitate before any reward."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from whet.data.problems import Problems, check_fixed
from whet.environments.opponents import Bots, Expert
from whet.environments.playing import Played, play
from whet.protocols import Bot, World
from whet.scripts import reason
from whet.types import Task, UsageError
from whet.types.transcripts import Example, Transcript

_TRIED = 3  # tasks that a player has to play before the run


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcripts:
    """Plays of a world by players that need no model; one seat of each play is imitated.

    A player is drawn for each seat of a play, with probability ∝ `weights`.
    """

    tasks: Problems  # of a world
    players: tuple[Bots, ...] = (Expert(),)
    weights: tuple[float, ...] = ()  # one per player; (): all alike

    def __post_init__(self) -> None:
        """Raise `UsageError` unless the tasks are a world's, and every player has a weight."""
        if not isinstance(self.tasks.family, World):
            kind = type(self.tasks.family).__name__
            raise UsageError(f"transcripts.tasks are of {kind}, which is no World; give one")
        check_fixed(self, "transcripts")
        if not self.players:
            raise UsageError("transcripts.players is empty; give one player or more")
        sound = min(self.weights, default=0) >= 0 < sum(self.weights)
        if self.weights and not (sound and len(self.weights) == len(self.players)):
            raise UsageError(
                f"transcripts.weights is {self.weights}; give one per player, some above 0"
            )

    @property
    def world(self) -> World:
        """The world that is played."""
        assert isinstance(self.tasks.family, World)
        return self.tasks.family

    async def check_players(self) -> None:
        """Let each player with a weight play a few tasks of the lowest level at all seats.

        Raises `UsageError` for one that can't play this world.
        """
        rng = Random(0)
        tasks = [self.world.draw(rng, self.tasks.levels[0]) for _ in range(_TRIED)]
        for player, weight in zip(
            self.players, self.weights or [1.0] * len(self.players), strict=True
        ):
            for task in tasks if weight else ():
                seated = partial(_seated, player, self.world, task)
                try:
                    await _played(self.world, task, seated)
                except UsageError as error:
                    name = type(player).__name__
                    raise UsageError(
                        f"the warm-up's share of {name} is {weight:g}, but {error}, or a share of "
                        "0 to it (in a recipe, --noise 0 needs no options and --noise 1 no expert)"
                    ) from error

    async def example(self, step: int, index: int) -> Example:
        """A task of the training split, and the conversation of one seat."""
        rng = Random(f"{self!r}/{step}/{index}")
        task = self.tasks.task("train", rng.getrandbits(62))

        def seated(seat: str) -> Bot:
            del seat
            player = rng.choices(self.players, self.weights or None)[0]
            return player.sit(self.world, task, Random(rng.getrandbits(62)))

        turns = (await _played(self.world, task, seated)).turns
        if not turns:
            raise UsageError(
                f"{type(self.world).__name__} asks no seat in task {task.id!r}; give another world"
            )
        seat = rng.choice(sorted({turn.seat for turn in turns}))
        own = [turn for turn in turns if turn.seat == seat]
        said = tuple((turn.asked, turn.reply) for turn in own)
        return task, Transcript(turns=said, tools=own[0].tools)


async def _played(world: World, task: Task, seated: Callable[[str], Bot]) -> Played:
    """A play; an error of the world or a player becomes a `UsageError` that names the task.

    An `OSError` is of infrastructure, and is raised as it is.
    """
    try:
        return await play(world, task, seated)
    except (UsageError, OSError):
        raise
    except Exception as error:
        raise UsageError(
            f"{type(world).__name__} or a player of its warm-up fails in task {task.id!r}: "
            f"{reason(error)}; correct the world or its expert"
        ) from error


def _seated(player: Bots, world: World, task: Task, seat: str) -> Bot:
    del seat
    return player.sit(world, task, Random(0))
