"""Shared cache lines, computed once for all sequences with the same prefix.

A line holds a prompt, or the tokens of a forked session. It is freed after its last reader.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from whet.engines.embedded.backbone import Backbone
from whet.engines.embedded.cache import KVCache, Prefill
from whet.engines.embedded.forest import Segment, build_forest


@dataclass(slots=True, eq=False)
class CachedPrompt:
    """One shared line: its tokens, its number of readers, and the logits after it if known."""

    tokens: tuple[int, ...]
    line: int
    logits: Tensor | None = None
    readers: int = 0


@dataclass(slots=True)
class Prompts:
    """All shared lines; line k of the cache belongs to `held[k]`."""

    backbone: Backbone
    kv_cache: KVCache
    budget: int  # most tokens per prefill
    held: list[CachedPrompt] = field(default_factory=list)
    by_tokens: dict[tuple[int, ...], CachedPrompt] = field(default_factory=dict)
    prefilled: int = 0
    reread: int = 0  # prefilled tokens that had been computed before

    def fetch(
        self, prompts: Iterable[tuple[int, ...]], known: Mapping[tuple[int, ...], int]
    ) -> list[CachedPrompt]:
        """One shared line per prompt; lines that are not cached are computed.

        `known` gives, per prompt, the number of tokens that had been computed before.
        """
        wanted = list(prompts)
        missing = [p for p in dict.fromkeys(wanted) if p not in self.by_tokens]
        self.reread += sum(known[p] for p in missing)
        while missing:
            fits = max(1, _fitting(missing, self.budget))
            self._prefill(missing[:fits])
            missing = missing[fits:]
        found = [self.by_tokens[p] for p in wanted]
        for shared in found:
            shared.readers += 1
        return found

    def adopt(
        self, tokens: tuple[int, ...], parent: CachedPrompt, reach: int, own: tuple[KVCache, int]
    ) -> CachedPrompt:
        """A new line with copies of the keys of parent.tokens[:reach] and of an own line."""
        shared = CachedPrompt(tokens, len(self.held), readers=1)
        self.kv_cache.reserve(shared.line + 1, len(tokens))
        self.kv_cache.move(parent.line, shared.line, reach)
        self.kv_cache.take(*own, shared.line, slice(reach, len(tokens)))
        self.held.append(shared)
        return shared

    def release(self, shared: CachedPrompt) -> None:
        """Remove one reader.

        The line of the last one is freed; the cache's last line moves there.
        """
        shared.readers -= 1
        if shared.readers:
            return
        if self.by_tokens.get(shared.tokens) is shared:
            del self.by_tokens[shared.tokens]
        last = self.held.pop()
        if last is not shared:
            self.kv_cache.move(last.line, shared.line, len(last.tokens))
            last.line = shared.line
            self.held[last.line] = last

    def clear(self) -> None:
        """Drop all lines and free the memory."""
        self.held.clear()
        self.by_tokens.clear()
        self.kv_cache.clear()

    def _prefill(self, prompts: Sequence[tuple[int, ...]]) -> None:
        lengths = [len(p) for p in prompts]
        first = len(self.held)
        self.kv_cache.reserve(first + len(prompts), max(lengths))
        device = self.backbone.device
        ends = torch.tensor(lengths).cumsum(0)
        segments = [Segment(int(e) - n, n) for e, n in zip(ends, lengths, strict=True)]
        lines = torch.arange(first, first + len(prompts))
        position = torch.cat([torch.arange(n) for n in lengths]).to(device)
        forest = Prefill(
            build_forest(segments, device),
            self.kv_cache,
            lines.repeat_interleave(torch.tensor(lengths)).to(device),
            position,
        )
        tokens = torch.tensor([t for p in prompts for t in p], device=device)
        hidden = self.backbone.hidden(tokens, position, forest)
        logits = self.backbone.logits(hidden[(ends - 1).to(device)])
        for k, prompt in enumerate(prompts):
            shared = CachedPrompt(prompt, first + k, logits[k])
            self.held.append(shared)
            self.by_tokens[prompt] = shared
        self.prefilled += sum(lengths)


def _fitting(prompts: Sequence[tuple[int, ...]], budget: int) -> int:
    """Number of the first prompts that fit into the budget."""
    spent = 0
    for count, prompt in enumerate(prompts):
        spent += len(prompt)
        if spent > budget:
            return count
    return len(prompts)
