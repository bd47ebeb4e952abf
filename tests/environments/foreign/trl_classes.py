"""Environments in the form of TRL 1.16's `environment_factory`."""

# pyright: reportIncompatibleMethodOverride=false


class Counter:
    """A counter that tools move to a target; the reward falls with the distance."""

    made = 0

    def __init__(self):
        Counter.made += 1

    def reset(self, target, **row):
        self.count, self.target, self.row = 0, target, row
        return f" Reach {target}."

    def add(self, amount: int) -> dict:
        """Add to the counter.

        Args:
            amount: what is added

        Returns:
            the count
        """
        if amount > 9:
            raise ValueError("at most 9")
        self.count += amount
        return {"count": self.count}

    async def look(self) -> str:
        """Tell the count.

        Returns:
            the count
        """
        return f"{self.count} of {sorted(self.row)}, object {Counter.made}"

    def undocumented(self, amount: int):
        self.count += 100

    def _own(self):
        """Not public."""

    def get_reward(self):
        return 1.0 - abs(self.count - self.target) / 10


class Silent(Counter):
    """The same with nothing to say at the reset, and a reward that is awaited."""

    def reset(self, target):
        super().reset(target)

    async def get_reward(self):
        return 0.25


class Without:
    """No reward of its own."""

    def reset(self, prompt):
        return [{"type": "text", "text": f"({len(prompt)})"}]

    def ask(self) -> str:
        """Say yes.

        Returns:
            yes
        """
        return "yes"


class Shy(Without):
    """A reward that does not apply."""

    def get_reward(self):
        return None


class Unclear:
    """A tool that can't be described."""

    def reset(self):
        return "go"

    def ask(self, what):
        """Say yes."""


environment_factory = {"counter": Counter, "silent": Silent}
