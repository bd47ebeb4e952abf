"""An environment of OpenEnv: a number of 1 to 8, in three guesses."""

# ruff: noqa: ANN001, ANN003, ANN201, ANN202, ANN204
# pyright: reportMissingImports=false, reportIncompatibleMethodOverride=false

import random

from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, Observation, State


class Guess(Action):
    """A guess."""

    guess: int


class Answer(Observation):
    """Higher, lower or yes."""

    message: str


class Guessing(Environment):
    """The number is drawn at the reset."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def reset(self, seed=None, episode_id=None, **how):
        """Draw the number."""
        self.number, self.left = random.Random(seed).randint(1, 8), 3
        return Answer(message="1 to 8?")

    def step(self, action: Guess, timeout_s=None, **how):
        """Compare."""
        if not 1 <= action.guess <= 8:
            return Answer(message="what?", reward=-1.0, done=True)
        self.left -= 1
        right = action.guess == self.number
        said = "yes" if right else "higher" if action.guess < self.number else "lower"
        return Answer(message=said, reward=1.0 if right else -0.25, done=right or not self.left)

    @property
    def state(self):
        """The step."""
        return State(step_count=3 - self.left)
