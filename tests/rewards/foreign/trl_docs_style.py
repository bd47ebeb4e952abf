"""In the style of the examples in TRL's documentation of GRPO: one module, a list at its end."""

import re
from functools import partial


def reward_len(completions, **kwargs):
    return [float(len(completion)) / 10 for completion in completions]


def format_reward(completions, **kwargs):
    pattern = r"^<think>.*?</think><answer>.*?</answer>$"
    return [1.0 if re.match(pattern, content) else 0.0 for content in completions]


def math_reward_func(prompts, completions, task, **kwargs):
    rewards = []
    for completion, its_task in zip(completions, task, strict=True):
        rewards.append((1.0 if "7" in completion else -1.0) if its_task == "math" else None)
    return rewards


def coding_reward_func(prompts, completions, task, **kwargs):
    return [0.0 if its_task == "coding" else None for its_task in task]


async def async_reward_func(prompts, completions, **kwargs):
    return [0.5] * len(completions)


def curriculum(completions, trainer_state, **kwargs):
    return [1.0 if trainer_state.global_step > 5 else 0.0] * len(completions)


def cosine(completions, scale, **kwargs):
    return [scale] * len(completions)


class Named:
    """An object that is called."""

    __name__ = "named"

    def __call__(self, completions, completion_ids, **kwargs):
        return [0.25] * len(completion_ids)


reward_funcs = [
    math_reward_func,
    coding_reward_func,
    async_reward_func,
    curriculum,
    partial(cosine, scale=0.125),
    Named(),
    lambda completions, **kwargs: [2.0] * len(completions),
]
reward_weights = None
