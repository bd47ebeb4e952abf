"""A taskset of verifiers 1: sums, with two rewards."""

# ruff: noqa: ANN001, ANN003, ANN201, ANN202, ANN204
# pyright: reportMissingImports=false, reportIncompatibleMethodOverride=false

import verifiers.v1 as vf


class SumData(vf.TaskData):
    """A sum and its result."""

    answer: str


class Sum(vf.Task[SumData]):
    """Right is worth 1, short a tenth."""

    @vf.reward(weight=1.0)
    async def right(self, trace: vf.Trace) -> float:
        """Whether the reply is the result."""
        return float(trace.last_reply == self.data.answer)

    @vf.reward(weight=0.1)
    async def short(self, trace: vf.Trace) -> float:
        """Fewer characters, and the number of turns."""
        return 1.0 / (1 + len(trace.last_reply)) + trace.num_turns


class Sums(vf.Taskset[Sum, vf.TasksetConfig]):
    """Twenty sums."""

    def load(self):
        """One task after the other."""
        for n in range(20):
            yield Sum(SumData(prompt=f"{n}+{n}?", answer=str(2 * n)), self.config.task)


__all__ = ["Sums"]
