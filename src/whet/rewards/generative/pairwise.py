"""Comparisons of two replies within a group, in both orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import log
from typing import Protocol, runtime_checkable

from whet.protocols import ChatModel, GroupReward, RewardContext
from whet.rewards.generative.consultations import Consultation, NoChatModel, attempted, mean
from whet.rewards.generative.forms import OneOf
from whet.rewards.generative.prompts import candidate, question
from whet.types import ChatDecoding, Group, Task, UsageError, Verdict

_DUTY = "Compare reply A with reply B, two replies to the task, by this: {criterion}."
_FORM = OneOf(key="better", words=(("A", 1.0), ("B", 0.0), ("tie", 0.5)))

Games = Mapping[tuple[int, int], float]
"""w(i, j) in {0, ½, 1} of each game that was judged: how i did when it was shown before j."""


@runtime_checkable
class Opponents(Protocol):
    """The rule for which replies are compared."""

    def pairs(self, size: int) -> Sequence[tuple[int, int]]:
        """Each pair once.  The index `size` stands for an opponent from outside the group."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRobin:
    """Every reply against every other: G(G − 1) calls."""

    def pairs(self, size: int) -> Sequence[tuple[int, int]]:
        return list(combinations(range(size), 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Each reply against the `reach` next and the `reach` previous ones: 2 · `reach` opponents
    each.
    """

    reach: int = 1

    def __post_init__(self) -> None:
        if self.reach < 1:
            raise UsageError(f"opponents.reach is {self.reach}; give 1 or more")

    def pairs(self, size: int) -> Sequence[tuple[int, int]]:
        """The pairs of a ring; a small group has all its pairs."""
        met = {
            (min(i, (i + k) % size), max(i, (i + k) % size))
            for i in range(size)
            for k in range(1, self.reach + 1)
        }
        return sorted((i, j) for i, j in met if i != j)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceAnswer:
    """Each reply against one known answer: the task's `info["reference"]`, or else its answer."""

    def pairs(self, size: int) -> Sequence[tuple[int, int]]:
        return [(i, size) for i in range(size)]


@runtime_checkable
class Standing(Protocol):
    """The rule that turns results of comparisons into scores."""

    def scores(self, games: Games, size: int) -> Sequence[float]:
        """One score for each of `size` replies; a reply without a comparison gets the middle of the
        scale.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WinRate:
    """R_i = (1 / |O_i|) Σ_{j ∈ O_i} ½ (w(i, j) + 1 − w(j, i)), between 0 and 1."""

    def scores(self, games: Games, size: int) -> Sequence[float]:
        won: list[list[float]] = [[] for _ in range(size)]
        for (i, j), w in games.items():
            won[i].append(w)
            won[j].append(1 - w)
        return [mean(w) if w else 0.5 for w in won]


@dataclass(frozen=True, slots=True, kw_only=True)
class BradleyTerry:
    """Strengths of a Bradley–Terry model of the comparisons: R_i = log p_i, with mean 0.

        P(i beats j) = p_i / (p_i + p_j)

    The fit takes `iterations` steps of minorisation–maximisation.  Against each opponent a reply
    also wins and loses `pseudo` comparisons, which keeps the strengths finite.  The numbers of
    iterations and pseudo-wins are ours.
    """

    iterations: int = 50
    pseudo: float = 0.1

    def __post_init__(self) -> None:
        if self.pseudo <= 0 or self.iterations < 1:
            raise UsageError(
                f"standing has pseudo {self.pseudo} and iterations {self.iterations}; "
                "give more than 0 of both"
            )

    def scores(self, games: Games, size: int) -> Sequence[float]:
        """The log-strengths of replies with comparisons; the others stay at the mean, 0."""
        wins, met = self._counted(games, size)
        players = [i for i in range(size) if met[i]]
        strength = dict.fromkeys(players, 1.0)
        for _ in range(self.iterations):
            strength = {
                i: wins[i] / sum(n / (strength[i] + strength[j]) for j, n in met[i].items())
                for i in players
            }
        logs = {i: log(p) for i, p in strength.items()}
        centre = mean(list(logs.values())) if logs else 0.0
        return [logs[i] - centre if i in logs else 0.0 for i in range(size)]

    def _counted(self, games: Games, size: int) -> tuple[list[float], list[dict[int, float]]]:
        wins, met = [0.0] * size, [dict[int, float]() for _ in range(size)]
        for (i, j), w in games.items():
            for one, other, won in ((i, j, w), (j, i, 1 - w)):
                if other not in met[one]:
                    met[one][other] = 2 * self.pseudo
                    wins[one] += self.pseudo
                met[one][other] += 1
                wins[one] += won
        return wins, met


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairwise(GroupReward):
    """Every pair is compared twice, with each reply first once, which cancels a position bias.

    A reply without an answer loses every comparison without a call and earns 0 at most.  A
    comparison that fails is a fault of both replies.  `flips` is the share of a rollout's pairs
    whose two orders contradict each other; above 0.3 the judge is not usable.  `cycles` is the
    share of the group's triangles whose three results form a cycle.  `correct` stays open.
    """

    chat_model: ChatModel = NoChatModel()
    criterion: str = "which is more correct, complete and to the point"
    opponents: Opponents = RoundRobin()
    standing: Standing = WinRate()
    decoding: ChatDecoding = ChatDecoding()
    longest: int = 20_000  # characters of a reply; what is longer loses every game unread

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        if not group:
            return ()
        texts = [candidate(rollout, self.longest) for rollout in group]
        task, size = group.task, len(group)
        pairs = self.opponents.pairs(size)
        if any(j == size for _, j in pairs):
            texts.append(_reference(task))
        consultation = Consultation(self.chat_model)
        orders = [order for i, j in pairs for order in ((i, j), (j, i))]
        results = await attempted(
            self._game(consultation, task, texts[i], texts[j]) for i, j in orders
        )
        played = list(zip(orders, results, strict=True))
        games = {order: w for order, w in played if not isinstance(w, Exception)}
        lost = {i: w for order, w in played if isinstance(w, Exception) for i in order}
        scores = self.standing.scores(games, len(texts))
        cycles = _cycles(games, size)
        found = []
        for i, text in enumerate(texts[:size]):
            if i in lost:
                found.append(Verdict.unjudged(f"a comparison could not be judged: {lost[i]}"))
                continue
            parts = _parts(games, i) | {"cycles": cycles}
            found.append(_verdict(consultation, text, scores[i], parts, size))
        return found

    async def _game(
        self, consultation: Consultation, task: Task, first: str | Verdict, second: str | Verdict
    ) -> float:
        """w(first, second), from the mean of the samples."""
        if isinstance(first, Verdict) or isinstance(second, Verdict):
            return (isinstance(second, Verdict) - isinstance(first, Verdict) + 1) / 2
        exhibits = {"task": question(task.prompt), "reply A": first, "reply B": second}
        duty = _DUTY.format(criterion=self.criterion)
        return mean(await consultation.ask(duty, exhibits, _FORM, self.decoding))


def _reference(task: Task) -> str:
    text = str(task.info.get("reference") or task.answer).strip()
    if not text:
        raise UsageError(
            f"task {task.id!r} has neither info['reference'] nor an answer to compare with; "
            "give one, or choose other opponents"
        )
    return text


def _verdict(
    consultation: Consultation,
    text: str | Verdict,
    score: float,
    parts: dict[str, float],
    over: int,
) -> Verdict:
    if isinstance(text, Verdict):
        found = consultation.verdict(min(score, 0.0), parts, note=text.note, over=over)
        return replace(found, reason=text.reason, correct=False)
    note = "" if parts["games"] else "no other reply to compare with"
    return consultation.verdict(score, parts, note=note, over=over)


def _parts(games: Games, i: int) -> dict[str, float]:
    rivals = {b for a, b in games if a == i}
    against = [(games[i, j], 1 - games[j, i]) for j in rivals if (j, i) in games]
    flips = mean([float(a != b) for a, b in against]) if against else 0.0
    return {"games": float(2 * len(against)), "flips": flips}


def _cycles(games: Games, size: int) -> float:
    """The share of the group's judged triangles whose results form a cycle."""

    def beats(i: int, j: int) -> bool:
        return games[i, j] + 1 - games[j, i] > 1

    whole = [
        (a, b, c)
        for a, b, c in combinations(range(size), 3)
        if all(order in games for order in ((a, b), (b, a), (b, c), (c, b), (a, c), (c, a)))
    ]
    turning = [
        (beats(a, b) and beats(b, c) and beats(c, a))
        or (beats(b, a) and beats(c, b) and beats(a, c))
        for a, b, c in whole
    ]
    return mean([float(t) for t in turning]) if turning else 0.0
