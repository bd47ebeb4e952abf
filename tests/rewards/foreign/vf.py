"""What the tasks of verifiers 1 are marked with: the part of it that they need, in miniature."""


def reward(weight=1.0, priority=0):
    def mark(function):
        function.reward = True
        function.reward_priority = priority
        function._vf_weight = weight
        return function

    return mark


class Task:
    """Data, and rewards as methods."""

    def __init__(self, data, config=None):
        self.data = data
        self.config = config
