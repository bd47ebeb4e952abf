"""The engine of models behind a server, which can be measured and not trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from whet.engines.openai.generator import ChatRenderer, MessageTable, served
from whet.engines.openai.server import Server
from whet.protocols import Engine, Learner
from whet.rollouts.player import RolloutPlayer
from whet.types import Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAI(Engine):
    """A server with OpenAI's chat protocol; the model is a `Server`.

    Compared with an engine that has the weights, an evaluation lacks: the ids of tokens, their
    log-probs, the digest of the weights, and the lengths of prompts before they are asked.  Tokens
    are those that the server counts (`usage`).  A thought that the server parts from the reply
    (`reasoning_content`) is not in the text.
    """

    async def open(self, model: Server, seed: int) -> NoReturn:
        """Raise `UsageError`: nothing can be trained there."""
        del seed
        _refuse(model.model)

    async def player(self, model: Server, seed: int) -> RolloutPlayer:
        """A player that asks the server."""
        del seed
        return served(model)

    async def renderer(self, model: Server) -> ChatRenderer:
        """Messages as they are; the server's own template renders them."""
        del model
        return ChatRenderer(MessageTable())

    def positions(self, model: Server) -> None:
        """Not known: the server refuses a question that is too long."""
        del model

    def caveats(self, model: Server, tasks: Sequence[Task]) -> Sequence[str]:
        """What the server does not tell, and what becomes of plain text and of seeds."""
        plain = sum(isinstance(task.prompt, str) for task in tasks)
        told = ["tokens are as the server counts them; log-probs and weights are not known"]
        if plain:
            told.append(f"{plain} of {len(tasks)} prompts are plain text, sent as a user's message")
        if not model.takes_seeds:
            told.append("the server takes no seeds, so sampled replies can't be repeated")
        return told

    async def load_learner(self, folder: Path) -> NoReturn:
        """Raise `UsageError`: nothing can be trained there."""
        _refuse(str(folder))

    async def critic(self, folder: Path) -> NoReturn:
        """Raise `UsageError`: nothing can be trained there."""
        _refuse(str(folder))

    async def value_head(self, learner: Learner) -> NoReturn:
        """Raise `UsageError`: nothing can be trained there."""
        _refuse(type(learner).__name__)


def _refuse(what: str) -> NoReturn:
    raise UsageError(
        f"engine is OpenAI, which can measure {what!r} and not train it; give an engine that has "
        "the weights, such as Embedded"
    )
