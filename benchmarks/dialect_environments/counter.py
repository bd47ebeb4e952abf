"""An environment for TRL's `environment_factory`: tools move a counter to a target."""

# ruff: noqa: ANN001, ANN003, ANN201, ANN202, ANN204
# pyright: reportMissingImports=false, reportIncompatibleMethodOverride=false


class Counter:
    """The reward falls with the distance."""

    def reset(self, target, **row):
        """Begin at 0."""
        self.count, self.target = 0, target
        return f" Reach {target}."

    def add(self, amount: int) -> int:
        """Add to the counter.

        Args:
            amount: what is added

        Returns:
            the count
        """
        if amount > 6:
            raise ValueError("at most 6")
        self.count += amount
        return self.count

    def get_reward(self):
        """1 less a tenth for each step of distance."""
        return 1.0 - abs(self.count - self.target) / 10
