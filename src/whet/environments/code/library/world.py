"""The world `library`: a question, a search, and an answer of one name."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from string import printable
from typing import ClassVar

from whet.calls.shipped.search import Search, check_installed
from whet.environments.code.library.shelf import TOLD, Shelf, Writer, shelf_of, short, wordy
from whet.environments.levels import check_level
from whet.environments.tool_talk import overspent, quick, talk
from whet.protocols import Bot, Policy, World
from whet.rewards.verifiable.qa_f1 import QaF1
from whet.types import Finish, Prompt, Reason, Reply, Rollout, Task, UsageError, Verdict

_SHELVES: dict[int, tuple[int, Writer]] = {
    1: (50, short),
    2: (200, short),
    3: (600, wordy),
    4: (2_000, wordy),
}
_ONE_HOP = (("home",), ("head",), ("maker",))
_TWO_HOPS = (("maker", "home"), ("home", "head"), ("head", "home"))
_ASKED: dict[tuple[str, ...], str] = {
    ("maker", "home"): "Where does the maker of {} live?",
    ("home", "head"): "Who leads the town where {} lives?",
    ("head", "home"): "Where does the head of {} live?",
}
_TRIES = 20  # names to start from; of a hundred, about one leads back to itself
_GUESSES = 50  # names that are listed as answers
_PROSE = 3  # the first level whose questions are sentences


@dataclass(frozen=True, slots=True, kw_only=True)
class Library(World):
    """A question of one or two hops over paragraphs about people, towns and works.

    Every task has a library of its own, whose names are made of syllables, so that no policy knows
    them.  The tool `search("Bado")` answers with the three best paragraphs, as
    `Bado: Bado lives in Kiru.`; see `whet.calls.shipped.search`.  In plain text a call stands alone
    on a line.  Any other reply is the answer; an empty one ends the play as illegal.

    | level | paragraphs | hops | question |
    |---|---|---|---|
    | 1 | 50 of one sentence | 1 | `home of Bado?`, `head of Kiru?` or `maker of Suna?` |
    | 2 | 200 of one sentence | 2 | `home of maker of Suna?` |
    | 3 | 600, with a sentence that misleads | 2 | `Where does the maker of Suna live?` |
    | 4 | 2,000, with a sentence that misleads | 2 | as at level 3 |

    The score is the F₁ of the answer's words, as `qa_f1` counts them, and the answer is correct if
    all of them agree.  `parts` has `em`, those of `qa_f1`, and `hops`: how many of the paragraphs
    that lead to the answer were among the results.

    `calls` limits the searches of a play.  With 0 there are none, and answers can only be guessed.

    Raises `UsageError` for a negative limit, and without the package bm25s.
    """

    levels: ClassVar[tuple[int, int]] = (1, 4)
    alphabet: ClassVar[str] = printable[:95] + "\n"
    shown: ClassVar[frozenset[str]] = frozenset({"start", "path"})
    rules: str = (
        'Answer with a name. search("Bado") gives the paragraphs that have these words. Reply with '
        "one such call, or with the answer alone.\n"
    )  # put before the question; "" for a small model
    calls: int = 6
    judge: QaF1 = field(default=QaF1(), repr=False)

    def __post_init__(self) -> None:
        if self.calls < 0:
            raise UsageError(f"library.calls is {self.calls}; give 0 or more")
        if self.calls:
            check_installed()

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        info = {"world": "library", "level": level, "turns": self.calls + 2}
        info["library"] = seed = rng.randrange(2**32)
        shelf = _shelf(level, seed)
        path = rng.choice(_ONE_HOP if level == 1 else _TWO_HOPS)
        known = [*shelf.facts[path[0]]]
        starts = rng.sample(known, min(len(known), _TRIES))
        start = next(one for one in starts if _is_open(shelf.followed(one, path)))
        return Task(
            id=f"library/{level}/{'-'.join(path)}/{start}/{seed}",
            prompt=f"{self.rules}{_question(level, path, start)}\n",
            answer=shelf.followed(start, path)[-1],
            info=info | {"start": start, "path": [*path]},
        )

    def canonical(self, task: Task) -> str:
        info = task.info
        return f"library/{info['level']}/{info['library']}/{'-'.join(info['path'])}/{info['start']}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        shelf = _shelf(task.info["level"], task.info["library"])
        tools = (quick(Search(shelf.passages).search),)
        guesses = tuple(title for title, _ in shelf.passages[:_GUESSES])
        talked = await talk(task, policy, tools, self.calls, guesses=guesses)
        hops = _hops(task, shelf, "\n".join(talked.results).splitlines())
        if talked.reply is None:
            return replace(overspent(), parts={"em": 0.0, "hops": hops})
        if not talked.reply.words.strip():
            return Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)
        judged = self._judged(task, talked.reply)
        return replace(judged, parts={**judged.parts, "em": float(judged.score == 1), "hops": hops})

    def _judged(self, task: Task, reply: Reply) -> Verdict:
        """The verdict of an answer, which is all that the reply says unless it announces one."""
        judged = self.judge.score(Rollout.from_text(task, reply.words))
        if judged.reason is not Reason.NO_ANSWER:
            return judged
        alone = f"<answer>{reply.words.strip()}</answer>"
        return self.judge.score(Rollout.from_text(task, alone))

    def expert(self, task: Task, rng: Random) -> Bot:
        """Searches for a name, reads the next one in its paragraph, and says the last one."""
        del rng
        path, name, searched = [*task.info["path"]], task.info["start"], False

        async def read(observation: Prompt, options: Sequence[str]) -> str:
            nonlocal name, searched
            del options
            if searched:
                lines = str(observation).splitlines()
                own = next(line for line in lines if line.startswith(f"{name}: "))
                name = TOLD[path.pop(0)].findall(own)[0]
            searched = True
            return f'search("{name}")' if path else name

        return read


def _shelf(level: int, seed: int) -> Shelf:
    return shelf_of(seed, *_SHELVES[level])


def _is_open(names: Sequence[str]) -> bool:
    """Whether a path leads back to no name that it has passed."""
    return len({*names}) == len(names)


def _question(level: int, path: tuple[str, ...], start: str) -> str:
    if level < _PROSE:
        return " of ".join((*reversed(path), start)) + "?"
    return _ASKED[path].format(start)


def _hops(task: Task, shelf: Shelf, lines: Sequence[str]) -> float:
    """How many of the paragraphs that lead to the answer were read."""
    names = shelf.followed(task.info["start"], task.info["path"])[:-1]
    texts = dict(shelf.passages)
    return float(sum(f"{name}: {texts[name]}" in lines for name in names))
