"""In the style of verifiers 1: a class of tasks that judges its own traces."""

import vf


class SumTask(vf.Task):
    """The sum is the last thing said, and soon."""

    @vf.reward(weight=1.0)
    async def exact(self, trace) -> float:
        return float(trace.last_reply.endswith(self.data.answer))

    @vf.reward(weight=0.5)
    def short(self, trace, task) -> dict:
        return {"short": float(len(trace.last_reply) < 20), "level": float(task.level)}


async def answered(trace) -> float:
    return float(bool(trace.last_reply) and trace.assistant_messages[-1].role == "assistant")
