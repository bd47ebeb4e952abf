"""Environments of Tinker's cookbook: of messages, and of problems with tokens."""

# ruff: noqa: ANN001, ANN003, ANN201, ANN202, ANN204
# pyright: reportMissingImports=false, reportIncompatibleMethodOverride=false

from template_forms import tokenizer
from tinker_cookbook.renderers.role_colon import RoleColonRenderer
from tinker_cookbook.rl.message_env import EnvFromMessageEnv, MessageEnv, MessageStepResult
from tinker_cookbook.rl.problem_env import ProblemEnv


class Rising(MessageEnv):
    """Each reply has to be a higher number than the one before; three of them."""

    def __init__(self, seed):
        self.last, self.left = seed % 5, 3
        self.messages = [{"role": "user", "content": f"above {self.last}?"}]

    async def initial_observation(self):
        """The first question."""
        return [*self.messages]

    async def step(self, message):
        """Compare with the number before."""
        number = int(message["content"])
        reward, self.last, self.left = float(number > self.last), number, self.left - 1
        self.messages += [message, {"role": "user", "content": f"above {number}?"}]
        return MessageStepResult(reward, self.left == 0, [*self.messages])


class Problem(ProblemEnv):
    """A sum of one reply; a sign in it is a fault of form."""

    def __init__(self, renderer, seed):
        super().__init__(renderer)
        self.number = seed % 10

    def get_question(self):
        """The sum."""
        return f"{self.number}+{self.number}="

    def check_answer(self, sample_str):
        """Whether the reply is the result."""
        return sample_str.strip() == self.get_reference_answer()

    def check_format(self, sample_str):
        """Whether there is no sign in it."""
        return "-" not in sample_str

    def get_reference_answer(self):
        """The result."""
        return str(2 * self.number)


def renderer():
    """A renderer with plain words, and a tokenizer of bytes."""
    return RoleColonRenderer(tokenizer("bytes", "chatml"))


def rising(seed):
    """The game as messages."""
    return Rising(seed)


def rising_tokens(seed):
    """The game as tokens."""
    return EnvFromMessageEnv(renderer(), Rising(seed))


def problem(seed):
    """A problem as tokens."""
    return Problem(renderer(), seed)
