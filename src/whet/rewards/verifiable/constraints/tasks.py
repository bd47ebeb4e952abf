"""Requests with constraints, each with a reply that is known to meet them."""

from dataclasses import asdict, dataclass
from random import Random
from typing import ClassVar

from whet.rewards.verifiable.constraints.constraint import Constraint
from whet.rewards.verifiable.constraints.keywords import TOPICAL
from whet.rewards.verifiable.constraints.kinds import KINDS, read, witness
from whet.rewards.verifiable.constraints.skeletons import met
from whet.types import Step, Task, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """A family of requests: say something, and meet as many constraints as the level.

    It is a family like those of `whet.data.procedural`, for `whet.data.problems.Problems`.
    Constraints of different kinds are drawn until a witness is found that meets all of them.  The
    witness is the worked reply, and it proves that the constraints do not contradict each other.
    """

    levels: ClassVar[tuple[int, int]] = (1, 5)

    def draw(self, rng: Random, level: int) -> Task:
        """A task with a random subject and random constraints."""
        low, high = self.levels
        if not low <= level <= high:
            raise UsageError(f"level of instructions is {level}; give one from {low} to {high}")
        subject, reply = rng.choice(TOPICAL), None
        demands: list[Constraint] = []
        while reply is None:
            demands = [kind.generate(rng) for kind in rng.sample(KINDS, level)]
            reply = witness(demands)
        said = " ".join(demand.describe() for demand in demands)
        prompt = f"Say something about a {subject}. {said}"
        named = [{"id": demand.name, "kwargs": _arguments(demand)} for demand in demands]
        info = {"family": "instructions", "level": level, "verifier": "constraints"}
        return Task(
            id=f"instructions/{prompt}",
            prompt=prompt,
            answer=reply,
            info={**info, "constraints": named},
        )

    def canonical(self, task: Task) -> str:
        """The constraints in order, without the subject."""
        named = ((one["id"], sorted(one["kwargs"].items())) for one in task.info["constraints"])
        return repr(sorted(named, key=str))

    def worked(self, task: Task, rng: Random, keep: float = 1.0) -> str:
        """The witness, which has no steps that could be left out."""
        return task.answer

    def steps(self, task: Task, reply: str) -> tuple[Step, ...]:
        """The whole reply as one step."""
        demands = [read(one["id"], one["kwargs"]) for one in task.info["constraints"]]
        well = all(met(demand, reply) for demand in demands)
        return (Step(start=0, end=len(reply), correct=well),) if reply else ()


def _arguments(demand: Constraint) -> dict[str, object]:
    found = asdict(demand)  # pyright: ignore[reportArgumentType]
    return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}
