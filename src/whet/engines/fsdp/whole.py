"""Whole weights of a sharded model: for generators, and for Hugging Face folders."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from whet.engines.digest import checked, manifest, tree
from whet.engines.embedded.adapters import adapters, bare, merged_tensors
from whet.engines.fsdp.ranks import Ranks
from whet.engines.fsdp.sharding import ShardedBody
from whet.protocols import Part
from whet.types.weights import Leaf, Version, Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class EveryRank(Part):
    """Each rank keeps published weights, because each has a generator."""

    def keeps(self, rank: int) -> bool:
        """Whether a rank keeps them."""
        del rank
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRank(Part):
    """Rank 0 keeps published weights; the others have their manifest only."""

    def keeps(self, rank: int) -> bool:
        """Whether a rank keeps them."""
        return rank == 0


def collected(
    ranks: Ranks, pairs: Iterable[tuple[str, Tensor]], kept: dict[str, Tensor] | None
) -> dict[str, Leaf]:
    """The manifest of whole tensors, which are gathered and let go one by one.

    They are added to `kept`, if there is one, on the CPU.  Tensor i is hashed by rank i mod W.
    """
    own: dict[str, Leaf] = {}
    for place, (name, tensor) in enumerate(pairs):
        if place % ranks.size == ranks.rank:
            own |= manifest([(name, tensor)])
        if kept is not None:
            kept[name] = tensor.cpu()
    return {name: one for held in ranks.gathered(own) for name, one in held.items()}


def publication(step: int, body: ShardedBody, keeper: EveryRank | FirstRank) -> Weights:
    """The weights as generators take them: all of them, or the adapters.

    Digests are those that the embedded engine has for the same weights, on any number of ranks.  A
    rank that does not keep the tensors has none in its `Weights`.

    Raises `IntegrityError` on all ranks for weights that are not finite.
    """
    kept: dict[str, Tensor] = {}
    target = kept if keeper.keeps(body.ranks.rank) else None
    if not adapters(body.model):
        leaves = checked(step, collected(body.ranks, merged(body), target))
        return Weights(Version(step, tree(leaves)), leaves, kept)
    sums = checked(step, collected(body.ranks, merged(body), None))
    own = checked(step, collected(body.ranks, whole_adapters(body), target))
    return Weights(Version(step, tree(sums)), own, kept)


def merged(body: ShardedBody) -> Iterator[tuple[str, Tensor]]:
    """All weights with the adapters merged, by the names of a model without adapters.

    An adapted layer is gathered, and merged as the embedded engine does it.
    """
    body.reshard()
    yield from merged_tensors(body.model, body.whole, lambda layer: _gathered(body, layer))


def whole_adapters(body: ShardedBody) -> Iterator[tuple[str, Tensor]]:
    """The adapters' weights by name; none for a model without adapters."""
    body.reshard()
    for name, tensor in adapters(body.model).items():
        yield name, body.whole(tensor)


def base_digest(body: ShardedBody) -> str:
    """The digest of the weights below adapters; empty without adapters."""
    body.reshard()
    under = bare(body.model)
    pairs = ((name, body.whole(tensor)) for name, tensor in under.items())
    return tree(collected(body.ranks, pairs, None)) if under else ""


def _gathered(body: ShardedBody, layer: Any) -> Any:
    """A copy of a layer of peft with whole weights."""
    return deepcopy(layer, {id(one): body.whole(one) for one in layer.parameters()})
