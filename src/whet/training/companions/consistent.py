"""PROF: rows are chosen by how well their steps agree with their outcome."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.policy.companions import Consistent
from whet.rewards.dense._consistency import consistent
from whet.training.stage import Stage
from whet.types import Group, Refusal, Rollout, Verdict


@dataclass(slots=True)
class LiveConsistent:
    """Each group without those who are right or wrong for no reason."""

    value: Consistent

    async def join(self, stage: Stage, groups: Sequence[Group]) -> Sequence[Group]:
        """Faults and replies without a step score stay.

        Raises `Refusal` where no verdict of the whole step has one.
        """
        del stage
        judged = [v for group in groups for r in group if (v := _verdict(r))]
        if judged and not any(self.value.part in verdict.parts for verdict in judged):
            raise Refusal(
                f"Consistent.part is {self.value.part!r}, but verdicts have "
                f"{sorted(judged[0].parts)}; give a reward that scores steps, such as "
                f"process_model, or one of its parts"
            )
        return [self._chosen(group) for group in groups]

    def _chosen(self, group: Group) -> Group:
        part = self.value.part
        known = [(r, v) for r in group if (v := _verdict(r)) and part in v.parts]
        right = [bool(v.correct) for _, v in known]
        steps = [v.parts[part] for _, v in known]
        kept = consistent(right, steps, self.value.drop)
        gone = {id(r) for (r, _), stays in zip(known, kept, strict=True) if not stays}
        return tuple(r for r in group if id(r) not in gone)


def _verdict(rollout: Rollout) -> Verdict | None:
    """None where there is no judgement."""
    verdict = rollout.verdict
    return verdict if verdict is not None and verdict.judged else None
