"""Which test items share their wording with training data, read once from beginning to end."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from whet.data.contamination.shingles import (
    Shingles,
    character_ngrams,
    whole,
    whole_lines,
    word_ngrams,
    words,
)
from whet.types import Prompt, Task, UsageError

Cut = Callable[[str], Shingles]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When an item is flagged.

    One run of `long` words in common, or a share `share` of its runs of `short` words, or one run
    of `characters` characters, or a Jaccard similarity of `near` of the runs of `short` words.

    Runs of 13 words are GPT-3's measure (Brown et al. 2020, arXiv:2005.14165; from memory), runs
    of 8 words with a share that of PaLM (Chowdhery et al. 2022, arXiv:2204.02311: 70 %; from
    memory).  The share of 20 %, the 50 characters, and 0.6 for near-duplicates are ours.
    """

    long: int = 13
    short: int = 8
    share: float = 0.2
    characters: int = 50
    near: float = 0.6
    boilerplate: float = 0.1  # runs in more than this share of the items (and in 3) are no evidence

    def __post_init__(self) -> None:
        for name in ("long", "short", "characters"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}; give 1 or more")
        for name in ("share", "near", "boilerplate"):
            if not 0 < getattr(self, name) <= 1:
                raise UsageError(f"{name} is {getattr(self, name)}; give a share above 0, up to 1")


_USUAL = Thresholds()
_SEVERAL = 3
_INSTRUCTIONS = frozenset({"system", "developer"})  # roles that say how questions are put
_NONE: Shingles = frozenset()
_ALIKE = "short"  # the runs that similarity is measured by


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What one test item has in common with the training data."""

    task: str
    long: bool  # a run of `long` words
    share: float  # of its runs of `short` words, over all of the training data
    characters: bool  # a run of `characters` characters
    whole: bool  # it has fewer than `short` words, and is a line of a training text
    near: float  # the largest Jaccard similarity to one training text
    where: str  # that training text, or the first with a run in common

    def flagged(self, by: Thresholds) -> bool:
        """Whether the item is contaminated by these thresholds."""
        one_run = self.long or self.characters or self.whole
        return one_run or self.share >= by.share or self.near >= by.near


@dataclass(frozen=True, slots=True, kw_only=True)
class Contamination:
    """The findings for a test set; items that share nothing are counted only."""

    found: tuple[Overlap, ...]  # those with any run in common, as the items are ordered
    items: int
    texts: int  # of the training data
    boilerplate: int  # runs left out, since many test items have them
    unseen: int  # items that nothing can be found of: too short, or all boilerplate
    thresholds: Thresholds

    @property
    def flagged(self) -> tuple[Overlap, ...]:
        """The contaminated items."""
        return tuple(one for one in self.found if one.flagged(self.thresholds))

    @property
    def clean(self) -> int:
        """The number of other items."""
        return self.items - len(self.flagged)


@dataclass(slots=True)
class _Kind:
    """The test items' runs of one kind, and which of them the training data have."""

    cut: Cut
    runs: list[Shingles]
    owners: Mapping[int, Sequence[int]]
    common: Shingles  # boilerplate
    hit: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    def meet(self, text: str) -> tuple[Shingles, Counter[int]]:
        """The runs of a training text but boilerplate, and how many of them each item shares."""
        held = self.cut(text) - self.common
        shared: Counter[int] = Counter()
        for run in held & self.owners.keys():
            for item in self.owners[run]:
                shared[item] += 1
                self.hit[item].add(run)
        return held, shared


def contamination(
    test: Sequence[Task],
    training: Iterable[tuple[str, str]],
    thresholds: Thresholds = _USUAL,
) -> Contamination:
    """Compare the prompts of test items with training texts, given as pairs of a name and a text.

    The training data are read once and not kept; only the items' own runs are.  Nothing depends on
    the order of either, but for which of two equal texts is named.  A run that stands in many items
    is part of how the questions are put, and is left out and counted; items with one text are one
    item there.  Of a chat the messages count, but for the system's.
    """
    texts = [_asked(task.prompt) for task in test]
    kinds: dict[str, _Kind] = {}
    dropped = 0
    for name, (own, cut) in _cuts(thresholds).items():
        kinds[name] = _kind(texts, own, cut, thresholds.boilerplate)
        dropped += len(kinds[name].common)
    near: dict[int, tuple[float, str]] = {}
    seen = 0
    for place, text in training:
        seen += 1
        for name, kind in kinds.items():
            held, shared = kind.meet(text)
            for item, count in shared.items():
                alike = count / len(held | kind.runs[item]) if name == _ALIKE else 0.0
                if item not in near or alike > near[item][0]:
                    near[item] = alike, place
    found = tuple(_overlap(test[item], item, kinds, near[item]) for item in sorted(near))
    return Contamination(
        found=found,
        items=len(test),
        texts=seen,
        boilerplate=dropped,
        unseen=sum(
            not any(held) for held in zip(*(kind.runs for kind in kinds.values()), strict=True)
        ),
        thresholds=thresholds,
    )


def _asked(prompt: Prompt) -> str:
    """The text of a prompt; of a chat that of its messages, without how questions are put."""
    if isinstance(prompt, str):
        return prompt
    held = [message for message in prompt if message["role"] not in _INSTRUCTIONS]
    return "\n".join(str(message["content"]) for message in held)


def _cuts(by: Thresholds) -> Mapping[str, tuple[Cut, Cut]]:
    """The runs of an item, and those of a training text; an item that is too short has none."""
    long, short, characters = (
        partial(word_ngrams, n=by.long),
        partial(word_ngrams, n=by.short),
        partial(character_ngrams, n=by.characters),
    )
    return {
        "long": (lambda text: long(text) if len(words(text)) >= by.long else _NONE, long),
        "short": (lambda text: short(text) if len(words(text)) >= by.short else _NONE, short),
        "characters": (
            lambda text: characters(text) if len("".join(text.split())) >= by.characters else _NONE,
            characters,
        ),
        "whole": (
            lambda text: whole(text) if 1 < len(words(text)) < by.short else _NONE,
            whole_lines,
        ),
    }


def _kind(texts: Sequence[str], own: Cut, cut: Cut, boilerplate: float) -> _Kind:
    """The runs of the items without boilerplate: what many different texts have."""
    cuts = {text: own(text) for text in texts}
    counts = Counter(run for held in cuts.values() for run in held)
    limit = max(boilerplate * len(cuts), _SEVERAL - 1)
    common = frozenset(run for run, count in counts.items() if count > limit)
    kept: list[Shingles] = [cuts[text] - common for text in texts]
    owners: dict[int, list[int]] = defaultdict(list)
    for item, held in enumerate(kept):
        for run in held:
            owners[run].append(item)
    return _Kind(cut=cut, runs=kept, owners=owners, common=common)


def _overlap(task: Task, item: int, kinds: Mapping[str, _Kind], near: tuple[float, str]) -> Overlap:
    short = kinds["short"]
    return Overlap(
        task=task.id,
        long=bool(kinds["long"].hit.get(item)),
        share=len(short.hit.get(item, ())) / max(len(short.runs[item]), 1),
        characters=bool(kinds["characters"].hit.get(item)),
        whole=bool(kinds["whole"].hit.get(item)),
        near=near[0],
        where=near[1],
    )
