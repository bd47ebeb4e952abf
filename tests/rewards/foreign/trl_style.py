"""In the style of TRL's own rewards: a whole batch, columns by name, None where nobody can tell."""

import re


def accuracy_reward(completions, solution, log_extra=None, log_metric=None, **kwargs):
    contents = [completion[0]["content"] for completion in completions]
    rewards, extracted = [], []
    for content, gold in zip(contents, solution, strict=True):
        match = re.findall(r"\\boxed\{([^{}]*)\}", content)
        extracted.append(match[-1] if match else "[none]")
        rewards.append(None if "?" in gold else float(bool(match) and match[-1] == gold))
    if log_extra:
        log_extra("extracted", extracted)
    known = [reward for reward in rewards if reward is not None]
    if log_metric and known:
        log_metric("accuracy", sum(known) / len(known))
    return rewards


async def length_reward(prompts, completions, completion_ids, **kwargs):
    assert len(prompts) == len(completions)
    return [-len(ids) / 10 for ids in completion_ids]


class CountingReward:
    """An object that is called, as some trainers have it."""

    __name__ = "counting"

    def __call__(self, prompts, completions, level, **kwargs):
        digits = [sum(c.isdigit() for c in text) for text in completions]
        return [found / n for found, n in zip(digits, level, strict=True)]


counting = CountingReward()
