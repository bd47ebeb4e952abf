"""CoVo: the learner itself says, step by step, which answer a chain is heading for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from whet.policy.companions import PathConsistency
from whet.rewards.dense._cuts import Separated, spans
from whet.rewards.dense._places import last_reply
from whet.rewards.unsupervised._covo import consistency, nearest, vector, volatility
from whet.training.stage import Stage
from whet.types import Group, Rollout

Tokens = tuple[int, ...]
Found = tuple[float, float]  # Con and Vol of a trajectory


@dataclass(slots=True)
class LivePathConsistency:
    """Verdicts whose scores are the clusters' and whose `correct` is the checker's."""

    value: PathConsistency

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Group by group.  Where the checker failed a reply stays out, but its answer counts."""
        return [self._rescored(stage, group) for group in groups]

    def _rescored(self, stage: Stage, group: Group) -> Group:
        paths = {id(r): self._path(r) for r in group if r.length and r.verdict is not None}
        answers = list(dict.fromkeys(path.answer for path in paths.values()))
        found: dict[int, Found] = {}
        if len(answers) > 1:
            found = {key: self._found(stage, path, answers) for key, path in paths.items()}
        return tuple(self._judged(r, paths, found) for r in group)

    def _path(self, rollout: Rollout) -> "_Path":
        steps = spans(Separated(mark=self.value.mark)(rollout), last_reply(rollout))
        chosen = [n for n, mine in enumerate(rollout.chosen) if mine]
        starts = [chosen[step.start] for step in steps]
        return _Path(
            rollout=rollout,
            starts=tuple(starts),
            answer=rollout.tokens[starts[-1] : chosen[-1] + 1],
        )

    def _found(self, stage: Stage, path: "_Path", answers: Sequence[Tokens]) -> Found:
        """Con and Vol, from one call: every answer after every beginning."""
        supposed = [path.supposing(start, answer) for start in path.starts for answer in answers]
        logp = stage.learner.logp(supposed).split([r.length for r in supposed])
        far = [-part.mean().item() for part in logp]
        edges = range(0, len(far) + 1, len(answers))
        near = nearest([far[a:b] for a, b in pairwise(edges)], answers.index(path.answer))
        return consistency(near), volatility(near)

    @staticmethod
    def _judged(rollout: Rollout, paths: "dict[int, _Path]", found: dict[int, Found]) -> Rollout:
        verdict = rollout.verdict
        if verdict is None or not verdict.judged:
            return rollout
        parts = {"unshaped": verdict.score, **verdict.parts}
        score = 0.0
        if (own := found.get(id(rollout))) is not None:
            answer = paths[id(rollout)].answer
            score = vector([found[key] for key, path in paths.items() if path.answer == answer])
            parts |= {"consistency": own[0], "volatility": own[1]}
        return replace(rollout, verdict=replace(verdict, score=score, parts=parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    rollout: Rollout
    starts: tuple[int, ...]  # of each step, among all tokens
    answer: Tokens  # what is chosen from the last start on

    def supposing(self, start: int, answer: Tokens) -> Rollout:
        """The rollout up to `start`, gone on with an answer; only that is chosen."""
        return replace(
            self.rollout,
            tokens=self.rollout.tokens[:start] + answer,
            chosen=(False,) * start + (True,) * len(answer),
            behaviour_logp=(0.0,) * len(answer),
            entropy=(),
            certainty=(),
            said=(),
            given=len(answer),
            temperature=1.0,
        )
