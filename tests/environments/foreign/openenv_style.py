"""Environments and clients in the form of openenv-core 0.3, with fields."""

import random
from dataclasses import dataclass


@dataclass
class Observation:
    """What a step tells."""

    message: str
    reward: float | None = None
    done: bool = False
    metadata: dict | None = None


class Guess:
    """An action with one field besides those of all actions."""

    def __init__(self, guess, metadata=None):
        if not isinstance(guess, int) or not 1 <= guess <= 8:
            raise ValueError(f"guess is {guess}, which is not in 1 to 8")
        self.guess = guess

    @classmethod
    def model_json_schema(cls):
        fields = {"metadata": {"type": "object"}, "guess": {"type": "integer"}}
        return {"properties": fields, "required": ["guess"]}


class Guessing:
    """A number of 1 to 8, in three guesses."""

    def __init__(self, told="?"):
        self.told = told

    def reset(self, seed=None, episode_id=None):
        self.number, self.left = random.Random(seed).randint(1, 8), 3
        return Observation(f"1 to 8{self.told}")

    def step(self, action: Guess, timeout_s=None):
        self.left -= 1
        right = action.guess == self.number
        reward = 1.0 if right else -0.25
        return Observation("yes" if right else "no", reward, right or not self.left)

    @property
    def state(self):
        return {"left": self.left}


@dataclass
class StepResult:
    """What a client returns."""

    observation: dict
    reward: float | None = None
    done: bool = False


class Client:
    """An awaited client, which takes dictionaries."""

    async def connect(self):
        self.env = Guessing()

    async def reset(self, **how):
        return self.told(self.env.reset(**how))

    async def step(self, action):
        return self.told(self.env.step(Guess(**action)))

    async def state(self):
        return self.env.state

    def told(self, seen):
        return StepResult({"message": seen.message, "left": self.env.left}, seen.reward, seen.done)
