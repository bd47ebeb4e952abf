"""Interfaces of players, which turn requests into rollouts, and of their renderers."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Int32
from numpy import ndarray

from whet.protocols.worlds import Environment
from whet.types import (
    BadCall,
    Group,
    Message,
    Play,
    Prompt,
    Request,
    Rollout,
    Task,
    ToolCall,
    Version,
)
from whet.types.weights import Flight, Leaf, Weights


@runtime_checkable
class Renderer(Protocol):
    """Conversion between text and token ids for one model."""

    @property
    def ends(self) -> frozenset[int]:
        """Ids of the tokens that end a reply; empty where they are not known."""
        ...

    @property
    def vocabulary(self) -> str:
        """Digest of the tokens and their ids; empty where it is not known."""
        ...

    def text(self, ids: Sequence[int]) -> str:
        """Decode ids of a reply; special tokens stay, except the end token that closes it."""
        ...

    def heard(self, prompt: Prompt, ids: Sequence[int]) -> tuple[Message, ...]:
        """The messages with these ids, with a thought that the template opens for the reply."""
        ...

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The text of each id by itself; special tokens by their names."""
        ...

    def notes(self) -> tuple[str, ...]:
        """What is to be said of the prompts so far that is no error, a sentence each."""
        ...

    def check_turns(self) -> None:
        """Raise `UsageError` where no later message of the user can follow a reply of a chat."""
        ...

    def check_results(self) -> None:
        """Raise `UsageError` where no result of a tool can follow a reply of a chat."""
        ...

    def facts(self) -> Mapping[str, Any]:
        """What the chat template does, for the card of a run; empty without a template."""
        ...

    def char_ends(self, ids: Sequence[int], text: str) -> Int32[ndarray, " n"] | None:
        """Number of characters of `text` complete after each id; None where it is not known."""
        ...

    def following(self, observation: Prompt, said: Sequence[int] = ()) -> tuple[int, ...]:
        """Token ids of an observation behind a reply with the ids `said`.

        Plain text continues the row of tokens. Chat messages are put behind the reply as the chat
        template does it.
        """
        ...

    def calls(
        self, text: str, tools: Sequence[Mapping[str, Any]]
    ) -> tuple[str, tuple[ToolCall | BadCall, ...]]:
        """The words of a reply without its calls of these tools, and the calls."""
        ...

    def reply_ids(self, text: str) -> tuple[int, ...]:
        """Token ids of a text within a reply, as if the policy had said it; for forced words."""
        ...

    def closed_ids(self, task: Task, reply: str) -> tuple[int, ...]:
        """Token ids of a reply to the opening of a task, with what closes it."""
        ...

    def demonstration(self, task: Task, reply: str) -> Rollout:
        """A rollout of `task` with this reply; all tokens of the reply are external."""
        ...

    def opening(self, prompt: Prompt, tools: Sequence[Mapping[str, Any]] = ()) -> tuple[int, ...]:
        """Token ids of a prompt that shows `tools`, up to the first token of the reply."""
        ...


@runtime_checkable
class OpenPlays(Protocol):
    """The plays of one request while it is rolled; a shape samples its rollouts with it."""

    async def play(self, plays: Sequence[Play]) -> Sequence[Sequence[Rollout]]:
        """The rollouts of each play, all played concurrently, in the given order.

        A play may begin with a rollout of an earlier call (`Play.begun`); what the generator has
        computed for that rollout is kept until the request is done, and is not computed again.
        """
        ...

    def ids(self, text: str) -> tuple[int, ...]:
        """Token ids of a text within a reply, for words that are forced (`Play.prefix`)."""
        ...


@runtime_checkable
class Player(Protocol):
    """Plays requests in an environment."""

    @property
    def renderer(self) -> Renderer:
        """The renderer of this player's model."""
        ...

    @property
    def environment(self) -> Environment:
        """The environment that plays are played in."""
        ...

    def within(self, environment: Environment) -> "Player":
        """The same player in another environment."""
        ...

    async def play(self, request: Request) -> tuple[Group, ...]:
        """Run all plays of a request concurrently; returns one group per trained seat."""
        ...

    async def update(self, weights: Weights, flight: Flight) -> Version:
        """Sample with these weights from now on."""
        ...

    def held(self) -> Version:
        """Version of the weights that are really loaded."""
        ...

    def manifest(self) -> Mapping[str, Leaf]:
        """Tensors of the weights that are really loaded, by name; empty: not known."""
        ...

    def token_counts(self) -> Mapping[str, int]:
        """Numbers of tokens prefilled, shared and decoded so far."""
        ...

    async def close(self) -> None:
        """Free all memory and processes."""
        ...
