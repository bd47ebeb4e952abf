"""CoVo: scores from the learner's log-probs of each answer after each step of a chain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from whet.policy.extensions.groups import by_policy, judgement, own
from whet.protocols.algorithm import Companion
from whet.protocols.engine import Learner
from whet.protocols.extension import Extension, SetupContext, StepContext
from whet.rewards.dense.cutting import Separated, spans
from whet.rewards.dense.placing import last_reply
from whet.rewards.unsupervised.covo import consistency, nearest, vector, volatility
from whet.types import Group, Rollout, Span, Ticket, UsageError

Answer = tuple[int, ...]  # token ids
Found = tuple[float, float]  # (Con, Vol) of a rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class PathConsistency(Companion):
    """Scores without a checker: how early and steadily a chain favours its own answer.

    As in CoVo (arXiv:2506.08745, unconfirmed). A reply is cut after each `mark`; its last part is
    its answer. D[i, j] is the mean −log π of the tokens of answer j after the first i steps. Con is
    the share of i at which the reply's own answer is nearest. Vol is the last i at which it is not,
    divided by the number of steps. All replies with the same answer get the score √((Σ Con cos
    Vol)² + (Σ Con sin Vol)²) / (number of these replies). If all replies have one answer, the score
    is 0. Demonstrations keep their scores. The paper adds a curiosity bonus, which is left out.
    """

    mark: str = "\n\n"

    def __post_init__(self) -> None:
        if not self.mark:
            raise UsageError(
                "PathConsistency.mark is ''; give what ends a step, such as a blank line"
            )

    async def open(self, setup: SetupContext) -> "LivePathConsistency":
        del setup
        return LivePathConsistency(self)


@dataclass(slots=True)
class LivePathConsistency(Extension):
    """Replaces scores by those of answer clusters; `correct` stays the checker's.

    It has no state, so the order of tickets does not matter.
    """

    settings: PathConsistency

    async def after_rollout(
        self, context: StepContext, ticket: Ticket, groups: Sequence[Group]
    ) -> Sequence[Group]:
        """A reply with a fault stays masked, but its answer counts."""
        del ticket
        return [await self._rescored(context.learner, group) for group in groups]

    async def _rescored(self, learner: Learner, group: Group) -> Group:
        judged = [r for r in own(group) if r.length and r.verdict is not None]
        paths = {r.id: self._path(r) for r in judged}
        answers = list(dict.fromkeys(path.answer for path in paths.values()))
        found: dict[str, Found] = {}
        if len(answers) > 1:
            found = {key: await _found(learner, path, answers) for key, path in paths.items()}
        return replace(group, rollouts=tuple(_judged(r, paths, found) for r in group))

    def _path(self, rollout: Rollout) -> "_Path":
        steps = spans(Separated(mark=self.settings.mark)(rollout), last_reply(rollout))
        chosen = np.flatnonzero(rollout.action_mask)
        starts = [int(chosen[step.start]) for step in steps]
        return _Path(
            rollout=rollout,
            starts=tuple(starts),
            answer=tuple(rollout.token_ids[starts[-1] : chosen[-1] + 1].tolist()),
        )


async def _found(learner: Learner, path: "_Path", answers: Sequence[Answer]) -> Found:
    """Con and Vol of a reply, from one call for every answer after every step."""
    supposed = [path.supposing(start, answer) for start in path.starts for answer in answers]
    logp = (await learner.logp(supposed)).split([r.length for r in supposed])
    far = [-part.mean().item() for part in logp]
    edges = range(0, len(far) + 1, len(answers))
    near = nearest([far[a:b] for a, b in pairwise(edges)], answers.index(path.answer))
    return consistency(near), volatility(near)


def _judged(rollout: Rollout, paths: "Mapping[str, _Path]", found: Mapping[str, Found]) -> Rollout:
    verdict = judgement(rollout) if by_policy(rollout) else None
    if verdict is None:
        return rollout
    parts = {"unshaped": verdict.score, **verdict.parts}
    score = 0.0
    if rollout.id in found:
        answer = paths[rollout.id].answer
        score = vector([found[key] for key, path in paths.items() if path.answer == answer])
        con, vol = found[rollout.id]
        parts |= {"consistency": con, "volatility": vol}
    return replace(rollout, verdict=replace(verdict, score=score, parts=parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Path:
    rollout: Rollout
    starts: tuple[int, ...]  # index of each step's first token, among all tokens
    answer: Answer  # ids of the sampled tokens after the last mark

    def supposing(self, start: int, answer: Answer) -> Rollout:
        """The tokens up to `start` and an answer; only the answer is in the action mask."""
        count = len(answer)
        return Rollout(
            task=self.rollout.task,
            seed=self.rollout.seed,
            token_ids=np.append(self.rollout.token_ids[:start], np.array(answer, np.int32)),
            action_mask=np.arange(start + count) >= start,
            behaviour_logp=np.zeros(count, np.float32),
            spans=(Span(count),),
            decoding=replace(self.rollout.decoding, temperature=1.0),
        )
