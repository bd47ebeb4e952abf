"""Environments in the form of tinker-cookbook 0.6: of tokens, and of messages."""

# pyright: reportIncompatibleMethodOverride=false

from dataclasses import dataclass, field
from types import SimpleNamespace


@dataclass
class Chunk:
    """Tokens of an input."""

    tokens: list


@dataclass
class ModelInput:
    """Chunks of tokens."""

    chunks: list


@dataclass
class StepResult:
    """What a step of tokens returns."""

    reward: float
    episode_done: bool
    next_observation: ModelInput
    next_stop_condition: list
    metrics: dict = field(default_factory=dict)


@dataclass
class MessageStepResult:
    """What a step of messages returns."""

    reward: float
    episode_done: bool
    next_messages: list
    metrics: dict = field(default_factory=dict)
    next_stop_condition: list | None = None


class Letters:
    """A tokenizer: a token for each character."""

    def encode(self, text, **how):
        return [ord(letter) for letter in text]

    def decode(self, ids):
        return "".join(map(chr, ids))


class Higher:
    """Tokens: each reply has to be a higher number than the one before; three of them."""

    stop = ["\n\nUser:"]

    def __init__(self, seed, start=0):
        self.renderer = SimpleNamespace(tokenizer=Letters())
        self.last, self.left, self.extras = start + seed % 3, 3, []
        self.text = f"User: above {self.last}?\n\nAssistant:"

    def observed(self):
        return ModelInput([Chunk(Letters().encode(self.text))])

    async def initial_observation(self):
        return self.observed(), self.stop

    async def step(self, action, *, extra=None):
        self.extras.append(extra)
        said = Letters().decode(action)
        if not said.endswith(self.stop[0]):
            return StepResult(
                reward=-1.0,
                episode_done=True,
                next_observation=ModelInput([]),
                next_stop_condition=[],
                metrics={"stop/max_tokens": 1.0},
            )
        number = int(said.removesuffix(self.stop[0]))
        reward, self.last, self.left = float(number > self.last), number, self.left - 1
        self.text = self.written(said)
        return StepResult(reward, self.left == 0, self.observed(), self.stop)

    def written(self, said):
        return f"{self.text}{said} on?\n\nAssistant:"


class Forgetful(Higher):
    """It rewrites the past."""

    def written(self, said):
        return "User: on?\n\nAssistant:"


class TooLong(Higher):
    """Its first prompt does not fit."""

    async def initial_observation(self):
        return SimpleNamespace(reward=-0.5, metrics={}, logs={})


class Pictures(Higher):
    """Its first prompt is no text."""

    async def initial_observation(self):
        return ModelInput([SimpleNamespace(data=b"")]), self.stop


class Chat:
    """Messages: the same game."""

    def __init__(self, seed, start=0):
        self.last, self.left = start + seed % 3, 3
        self.messages = [{"role": "user", "content": f"above {self.last}?"}]

    async def initial_observation(self):
        return [*self.messages]

    async def step(self, message):
        number = int(message["content"])
        reward, self.last, self.left = float(number > self.last), number, self.left - 1
        self.messages += [message, {"role": "user", "content": "on?"}]
        return MessageStepResult(
            reward, self.left == 0, [*self.messages], {"stop/completed": 1.0}, ["\n"]
        )


class Blank:
    """An environment of tokens without a tokenizer."""

    async def initial_observation(self):
        return ModelInput([]), []

    async def step(self, action, *, extra=None):
        raise AssertionError("never stepped")
