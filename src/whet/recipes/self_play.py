"""Self-play: one policy has both seats of a game, with a baseline for each (arXiv:2506.24119)."""

from dataclasses import replace

from whet.environments.finding import terse_world
from whet.environments.finding import world as world_named
from whet.policy.algorithms.critic_free.rae import rae
from whet.policy.objective import Objective
from whet.policy.regularisers import K2
from whet.protocols import World
from whet.recipes.world import check_noise, of_model, problems, tiny, warmups
from whet.sampling.schedules.fixed import Fixed
from whet.sampling.schedules.uniform import Uniform
from whet.sampling.standard import Standard
from whet.training.run import PeriodicEval, Run
from whet.types import UsageError

NOISE = 0.2


def self_play(
    *,
    world: str = "tic_tac_toe",
    level: int = 0,
    noise: float = NOISE,
    kl: float = 0.2,
    model: str = "",
) -> Run:
    """Train a policy against itself in a game of two seats, by RAE (SPIRAL, arXiv:2506.24119).

    `world`, `level`, `noise` and `model` are as in the recipe world.  `kl` is the coefficient of
    K2 towards the policy before RL; its default was found with the tiny model and tic-tac-toe.  At
    0.02 illegal moves against another opponent became more frequent.
    """
    played = world_named(world) if model else terse_world(world)
    if len(played.seats) == 1:
        raise UsageError(f"world is {world!r}, which has one seat; give the recipe world")
    check_noise(model, noise, NOISE)
    objective = replace(rae(), regularisers=(K2(beta=kl),) if kl else ())
    run = (
        of_model(played, level, model, objective)
        if model
        else _tiny(played, level, noise, objective)
    )
    return replace(
        run,
        sampling=Standard(
            prompts=Uniform(per_step=128),
            size=Fixed(rollouts=1),
            decoding=run.decoding,
        ),
        minibatches=1,
        periodic=PeriodicEval(every=0),
    )


def _tiny(world: World, level: int, noise: float, objective: Objective) -> Run:
    """A run with a longer noisy warm-up: moves of the other seat lead to more positions.

    RL has 20 steps; in a longer run of tic-tac-toe the draws with minimax became fewer again.
    """
    run = tiny(world, level, noise, objective)
    warmup = warmups(problems(world, level), noise, expert_steps=600, noisy_steps=700)
    return replace(run, warmup=warmup, steps=20)
