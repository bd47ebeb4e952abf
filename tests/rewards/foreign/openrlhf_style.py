"""In the style of OpenRLHF: queries are prompt and response in one; a tensor comes back."""

import torch


def reward_func(queries, prompts, labels, **kwargs):
    rewards = []
    for query, prompt, label in zip(queries, prompts, labels, strict=True):
        response = query[len(prompt) :]
        rewards.append(1.0 if response.strip().endswith(label) else -1.0)
    reward = torch.tensor(rewards)
    lengths = torch.tensor([float(len(q) - len(p)) for q, p in zip(queries, prompts, strict=True)])
    return {
        "rewards": reward,
        "scores": (reward + 1) / 2,
        "extra_logs": {"response_chars": lengths, "batch": torch.tensor(float(len(queries)))},
    }
