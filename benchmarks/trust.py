"""What it costs per step to believe a run: hashes of the weights, seals and checks of rollouts.

    python benchmarks/trust.py

Weights: the two XXH3 passes of a step (when the learner publishes, and when they have arrived)
against five BLAKE2b passes over all bytes, which is what a step took before digests were cached.
Rollouts: bytes per token, and CPU milliseconds to seal and to check 16,384 tokens.  One thread.
"""

import sys
import time
from collections.abc import Callable
from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor

from whet.engines.digest import digest
from whet.rollouts.checks import check_integrity
from whet.types import Rollout, Span, Task, Version

SIZES = {"0.23M": 230_000, "31M": 31_000_000, "121M": 121_000_000}
TOKENS = 16_384
ROUNDS = 5


def weights(parameters: int) -> dict[str, Tensor]:
    """As many float32 numbers, in 24 tensors."""
    return {f"layer.{i}": torch.randn(parameters // 24) for i in range(24)}


def hashed_before(tensors: dict[str, Tensor]) -> str:
    """BLAKE2b over name, dtype, shape and bytes of every tensor."""
    held = blake2b(digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        held.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        held.update(tensor.view(-1).view(torch.uint8).numpy().data)
    return held.hexdigest()


def rollout(length: int) -> Rollout:
    """One reply of so many tokens, after a prompt of 64."""
    ids = np.arange(64 + length, dtype=np.int32)
    return Rollout(
        task=Task(id="t", prompt="?"),
        seed=0,
        token_ids=ids,
        action_mask=ids >= 64,  # noqa: PLR2004
        behaviour_logp=np.full(length, -0.5, np.float32),
        entropy=np.full(length, 0.5, np.float32),
        columns={
            "self_certainty": np.full(length, 1.0, np.float32),
            "char_ends": np.arange(length, dtype=np.int32),
        },
        spans=(Span(length, Version(step=0, digest="d" * 32)),),
    )


def size_of(held: Rollout) -> float:
    """Bytes per token of all columns."""
    columns = [held.token_ids, held.action_mask, held.behaviour_logp, held.entropy]
    kept = sum(x.nbytes for x in (*columns, *held.columns.values()) if x is not None)
    return kept / len(held.token_ids)


def seconds(call: Callable[[], object]) -> float:
    """CPU seconds, the least of some rounds."""
    found = []
    for _ in range(ROUNDS):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def main() -> int:
    """Print the tables."""
    torch.set_num_threads(1)
    print("| parameters | five BLAKE2b, s | two XXH3, s | ratio |\n|---|---|---|---|")
    for name, parameters in SIZES.items():
        held = weights(parameters)
        before = 5 * seconds(lambda held=held: hashed_before(held))
        after = 2 * seconds(lambda held=held: digest(held))
        print(f"| {name} | {before:.4f} | {after:.4f} | {before / after:.1f} |")
    one = rollout(TOKENS)
    turns = [rollout(8) for _ in range(TOKENS // 8)]
    print(f"\nbytes per token: {size_of(one):.1f}")
    print(f"sealing {TOKENS} tokens in one rollout: {1000 * seconds(one.sealed):.2f} ms")
    sealed = [r.sealed() for r in (one, *turns)]
    print(f"checking them: {1000 * seconds(lambda: check_integrity(sealed[:1])):.2f} ms")
    many = 1000 * seconds(lambda: [r.sealed() for r in turns])
    print(f"sealing as many in {len(turns)} rollouts of 8: {many:.2f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
