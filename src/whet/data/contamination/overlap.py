"""Which test items share their wording with training data, read once from beginning to end."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from whet.data.contamination.shingles import Shingles, character_ngrams, word_ngrams
from whet.data.prompts import prompt_text
from whet.types import Task, UsageError

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What one test item has in common with the training data."""

    task: str
    long: bool  # a run of `long` words
    share: float  # of its runs of `short` words, over all of the training data
    characters: bool  # a run of `characters` characters
    near: float  # the largest Jaccard similarity to one training text
    where: str  # that training text, or the first with a run in common

    def flagged(self, by: Thresholds) -> bool:
        """Whether the item is contaminated by these thresholds."""
        return self.long or self.characters or self.share >= by.share or self.near >= by.near


@dataclass(frozen=True, slots=True, kw_only=True)
class Contamination:
    """The findings for a test set; items that share nothing are counted only."""

    found: tuple[Overlap, ...]  # those with any run in common, as the items are ordered
    items: int
    texts: int  # of the training data
    boilerplate: int  # runs left out, since many test items have them
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
    hit: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    def meet(self, text: str) -> tuple[Shingles, Counter[int]]:
        """The runs of a training text, and how many of them each item shares."""
        held = self.cut(text)
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
    is part of how the questions are put, and is left out and counted.
    """
    texts = [prompt_text(task.prompt) for task in test]
    kinds: dict[str, _Kind] = {}
    dropped = 0
    for name, cut in _cuts(thresholds).items():
        kinds[name], common = _kind(texts, cut, thresholds.boilerplate)
        dropped += common
    near: dict[int, tuple[float, str]] = {}
    seen = 0
    for place, text in training:
        seen += 1
        for name, kind in kinds.items():
            held, shared = kind.meet(text)
            for item, count in shared.items():
                alike = count / len(held | kind.runs[item]) if name == "short" else 0.0
                if item not in near or alike > near[item][0]:
                    near[item] = alike, place
    found = tuple(_overlap(test[item], item, kinds, near[item]) for item in sorted(near))
    return Contamination(
        found=found,
        items=len(test),
        texts=seen,
        boilerplate=dropped,
        thresholds=thresholds,
    )


def _cuts(by: Thresholds) -> Mapping[str, Cut]:
    return {
        "long": lambda text: word_ngrams(text, by.long),
        "short": lambda text: word_ngrams(text, by.short),
        "characters": lambda text: character_ngrams(text, by.characters),
    }


def _kind(texts: Sequence[str], cut: Cut, boilerplate: float) -> tuple[_Kind, int]:
    """The runs of the items without boilerplate, and how many runs that was."""
    runs = [cut(text) for text in texts]
    counts = Counter(run for held in runs for run in held)
    limit = max(boilerplate * len(texts), _SEVERAL - 1)
    common = frozenset(run for run, count in counts.items() if count > limit)
    kept: list[Shingles] = [held - common for held in runs]
    owners: dict[int, list[int]] = defaultdict(list)
    for item, held in enumerate(kept):
        for run in held:
            owners[run].append(item)
    return _Kind(cut=cut, runs=kept, owners=owners), len(common)


def _overlap(task: Task, item: int, kinds: Mapping[str, _Kind], near: tuple[float, str]) -> Overlap:
    short = kinds["short"]
    return Overlap(
        task=task.id,
        long=bool(kinds["long"].hit.get(item)),
        share=len(short.hit.get(item, ())) / max(len(short.runs[item]), 1),
        characters=bool(kinds["characters"].hit.get(item)),
        near=near[0],
        where=near[1],
    )
