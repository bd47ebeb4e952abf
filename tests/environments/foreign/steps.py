"""Environments in the form of gymnasium 1.4 and GEM 0.1, and of older ones."""

# pyright: reportIncompatibleMethodOverride=false

import random
from enum import IntEnum


class Discrete:
    """A space as gymnasium's, told by its `n` and `start`."""

    def __init__(self, n, start=0):
        self.n, self.start = n, start


class Box:
    """A space whose actions are no words."""


class Walk:
    """A walk on a line: 1 at the right end, −1 at the left one; the start is drawn."""

    action_space = Discrete(3, start=1)
    render_mode = None

    def __init__(self, length=7):
        self.length = length

    def reset(self, *, seed=None, options=None):
        self.place = 1 + random.Random(seed).randrange(self.length - 2)
        return self.place, {"action_mask": [1, 1, 0]}

    def step(self, action):
        assert action in (1, 2, 3), action
        self.place += {1: -1, 2: 1, 3: 0}[action]
        reward = {0: -1.0, self.length - 1: 1.0}.get(self.place, 0.0)
        return self.place, reward, bool(reward), False, {"action_mask": [1, 1, 0]}


class Drawn(Walk):
    """The same, drawn."""

    render_mode = "ansi"

    def render(self):
        return "." * self.place + "@"


class Named(Walk):
    """The same, with an enum of actions, as MiniGrid has."""

    class actions(IntEnum):  # noqa: N801 (MiniGrid's name)
        """The moves by name."""

        left = 1
        right = 2
        stay = 3

    @property
    def unwrapped(self):
        return self


class Old(Walk):
    """The same, in the form before gymnasium: no `info` at the reset, and no `truncated`."""

    action_space = Discrete(2, start=1)

    def reset(self):
        return super().reset(seed=5)[0]

    def step(self, action):
        place, reward, ended, _, _ = super().step(action)
        return place, reward, ended, {}


class Continuous(Walk):
    """The same, with actions that are numbers on a line."""

    action_space = Box()

    def step(self, action):
        return super().step(1 if action < 0 else 2)


class Guess:
    """Text in, text out, as GEM: a number of 1 to 8, in three guesses."""

    def reset(self, seed=None):
        random.seed(seed)
        self.number, self.left = random.randint(1, 8), 3
        return "1 to 8?", {"suffix": ""}

    def step(self, action):
        self.left -= 1
        if action == str(self.number):
            return "yes", 1.0, True, False, {}
        return "no", -0.1, False, self.left == 0, {}


def describe(env, observation):
    return f"{observation} of {env.length}"


def read(env, text):
    return float(text)


class Broken:
    """Its `step` returns too little."""

    def reset(self, seed=None):
        return "go", {}

    def step(self, action):
        return "on", 0.0
