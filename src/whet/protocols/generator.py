"""An inference engine: tokens in, tokens out.  It knows no worlds and no text."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from whet.protocols.part import Part
from whet.types import Decoding, Version
from whet.types.completions import Completion
from whet.types.weights import Flight, Weights


class Generator(Part):
    """Continues rows of token ids, many at once.

    A *session* is one conversation: what the generator computed for it is kept until `end`, so
    that a later call pays only for the tokens that are new.
    """

    __slots__ = ()

    @abstractmethod
    def held(self) -> Version:
        """The version of the weights that are here, hashed when they arrived."""

    @abstractmethod
    async def generate(  # noqa: PLR0913  (a row, how to continue it, and where it stands)
        self,
        prompt: Sequence[int],
        how: Decoding,
        *,
        seed: int,
        offset: int = 0,
        session: str,
        fork_of: str = "",
    ) -> Completion:
        """Continue `prompt`, all token ids of the session so far.

        `offset` counts the tokens that the session chose before: the n-th choice depends on seed
        and offset + n, on nothing else.  `fork_of` names a session that begins alike; whatever
        prefix the two share is not computed again.
        """

    @abstractmethod
    async def update(self, weights: Weights, flight: Flight) -> Version:
        """Take new weights; what is really here afterwards.

        Raises `IntegrityError` where the tensors that arrived are not those of the manifest.
        """

    @abstractmethod
    def end(self, session: str) -> None:
        """Free what is kept for a session."""

    @abstractmethod
    def token_counts(self) -> Mapping[str, int]:
        """Tokens prefilled, shared, decoded and read again, since the start."""

    async def close(self) -> None:
        """Free everything."""
