"""Tasksets in the form of verifiers 1: tasks with data, and methods marked as rewards."""

from types import SimpleNamespace


def reward(weight=1.0, priority=0):
    def mark(method):
        method.reward, method._vf_weight, method.reward_priority = True, weight, priority
        return method

    return mark


class Sum:
    """A sum; right is worth 1, short a tenth."""

    def __init__(self, n, prompt=None):
        self.data = SimpleNamespace(
            prompt=prompt or f"{n}+{n}?", system_prompt="Add." if n % 2 else None, answer=str(2 * n)
        )

    @reward()
    async def right(self, trace, task):
        return float(trace.last_reply == task.answer)

    @reward(weight=0.1, priority=1)
    def short(self, trace):
        return {"short": 1.0 / len(trace.messages[-1].content), "turns": trace.num_turns}


class Sums:
    """Twenty of them."""

    def load(self):
        for n in range(20):
            yield Sum(n)


class Endless:
    """Never the last."""

    def load(self):
        n = 0
        while True:
            yield Sum(n % 7)
            n += 1


class Opened:
    """Tasks that a user would open."""

    def load(self):
        yield SimpleNamespace(data=SimpleNamespace(prompt=None))


class Boxed(Sum):
    """A reward of a program's runtime."""

    @reward()
    def ran(self, runtime):
        return 1.0


class Programs:
    """Tasks that need a runtime."""

    def load(self):
        yield Boxed(1)


class Served(Sums):
    """Tasks with servers of tools."""

    def toolsets(self, config):
        return ["a server"]


class Nothing:
    """No tasks."""

    def load(self):
        return []


__all__ = ["Sums"]
