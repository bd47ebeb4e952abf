"""Interface of inference engines: token ids in, token ids out, without environments or text."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from whet.protocols.part import Part
from whet.types import Decoding, Version
from whet.types.completions import Completion
from whet.types.weights import Flight, Leaf, Weights


class Generator(Part):
    """Continues sequences of token ids, many at once.

    A *session* is one conversation. The generator keeps what it computed for a session until `end`,
    so a later call only computes the tokens that are new.
    """

    __slots__ = ()

    @property
    def positions(self) -> int:
        """Most tokens of a sequence, its reply included; 0: not known."""
        return 0

    @property
    def shortened(self) -> str:
        """Why fewer positions can be used than the model declares; empty if all can."""
        return ""

    @abstractmethod
    def held(self) -> Version:
        """Version of the loaded weights, hashed when they arrived."""

    def manifest(self) -> Mapping[str, Leaf]:
        """The loaded tensors by name, as they are now; empty: not known.

        After an update they are compared with those that were sent.
        """
        return {}

    @abstractmethod
    async def generate(  # noqa: PLR0913  (a sequence, its decoding, and its place in a session)
        self,
        prompt: Sequence[int],
        how: Decoding,
        *,
        seed: int,
        offset: int = 0,
        session: str,
        fork_of: str = "",
        said: int = 0,
    ) -> Completion:
        """Continue `prompt`, which is all token ids of the session so far.

        `offset` is the number of tokens that the session sampled before. The n-th sampled token
        depends on the seed and on offset + n, on nothing else. `fork_of` names a session with a
        common prefix, which is not computed again. The reply begins with the last `said` tokens of
        the prompt: a stop string may start there.
        """

    @abstractmethod
    async def update(self, weights: Weights, flight: Flight) -> Version:
        """Load new weights and return the version that is really loaded afterwards.

        Raises `IntegrityError` if the tensors that arrived are not those of the manifest.
        """

    @abstractmethod
    def end(self, session: str) -> None:
        """Free the memory of a session."""

    @abstractmethod
    def token_counts(self) -> Mapping[str, int]:
        """Numbers of tokens prefilled, shared, decoded and re-read since the start."""

    async def close(self) -> None:
        """Free all memory and processes."""
