"""The metrics of sampling parts, in the steps with rewards."""

from whet.training.metric_tables import ONE, table

SAMPLING = table(
    (
        "success_rate_*",
        "share",
        "visited tasks with an estimated success rate in this tenth: 0 is [0, 0.1), 9 is [0.9, 1]",
        "visited tasks",
    ),
    ("skipped", "share", "Greso: tasks that were skipped before their rollouts", "candidates"),
    (
        "constant_*",
        "share",
        "Greso: visits without a spread of results, easy (right) or hard (wrong) ones",
        "visits with two known results or more",
    ),
    (
        "explore_*",
        "probability",
        "Greso: p of easy and of hard tasks; one is played with p^z after z visits without spread",
        ONE,
    ),
    ("removed", "count", "DropSolved: tasks that were removed so far", ONE),
    ("replayed", "share", "PromptReplay: tasks that came from the buffer", "drawn tasks"),
    ("held", "count", "PromptReplay: prompts in the buffer", ONE),
    (
        "unfinished",
        "count",
        "tasks given up because they needed a round more than the step had",
        ONE,
    ),
    ("temperature", "ratio", "sampling temperature, where the run has schedules", "plays"),
    (
        "length_limit",
        "tokens",
        "most tokens of a reply, where the run has schedules",
        "plays",
    ),
    (
        "sampled_entropy",
        "nats",
        "EntropyTemperature: entropy of softmax(z / T) before each token, at the temperature T",
        "tokens that the policy sampled, shared ones once",
    ),
    (
        "temperature_searched",
        "flag",
        "TemperatureSearch: 1 while the step compares temperatures",
        ONE,
    ),
    (
        "cut_when_solvable",
        "share",
        "LengthByTruncation: replies cut at the limit, of tasks with a correct rollout",
        "replies to such tasks",
    ),
    ("think_budget", "tokens", "ThinkBudget: thinking that the prompt asks for", "tasks"),
    ("qualified", "share", "TwoPhase: tasks with pilots that qualified", "screened tasks"),
    ("draws", "count", "ReinforceAda: rollouts per complete task", "complete tasks"),
    ("exited", "share", "ReinforceAda: tasks that met the exit rule", "complete tasks"),
    ("size_min", "count", "Knapsack, Adaptive: smallest group of the step", ONE),
    ("size_max", "count", "Knapsack, Adaptive: largest group of the step", ONE),
    (
        "drawn_level",
        "level",
        "EasyToHard: mean place of the drawn levels, where 1 is the easiest",
        "drawn tasks",
    ),
    (
        "target_difficulty",
        "share",
        "Adarft: the target of the step, from 0 (the easiest) to 1 (the hardest difficulty)",
        ONE,
    ),
    ("bandit_gain", "gain", "Bandit: mean gain of a visit", "visits of known outcome"),
    ("arm_*", "share", "Bandit: visits of the category of this name", "visits of known outcome"),
    (
        "recalled",
        "count",
        "TrajectoryReplay, PrioritisedReplay: rollouts or groups of earlier steps that the step "
        "learns from",
        ONE,
    ),
    ("replay_held", "count", "the same: groups in the buffer after the step", ONE),
    ("reused", "share", "PuctReuse: requests that show an earlier solution", "requests"),
    ("best_reward", "reward", "PuctReuse: best reward of a task so far", "tasks with a solution"),
    (
        "hinted",
        "share",
        "rollouts whose prompt or first tokens tell a part of a solution, by a schedule of hints; "
        "it has to reach 0 for a gain to be the policy's own",
        "rollouts of landed tickets",
    ),
    (
        "hint_share",
        "share",
        "mean share of the solution (or of the rubric) that they tell",
        "rollouts with a hint",
    ),
    ("guidance", "share", "length ℓ of G²RPO-A's guidance in this step", ONE),
)


TREES = table(
    (
        "tree_leaves",
        "count",
        "rollouts per tree; a rollout that shares no token is a tree of its own",
        "trees of the step, with faulted and rejected rollouts",
    ),
    (
        "tree_tokens",
        "tokens",
        "tokens of all rollouts, those that several rollouts share counted once",
        ONE,
    ),
    (
        "tree_tokens_apart",
        "tokens",
        "the same with shared tokens counted once per rollout: what independent rollouts of these "
        "lengths would have sampled",
        ONE,
    ),
    (
        "tree_saved",
        "share",
        "tokens saved by sharing: 1 − tree_tokens / tree_tokens_apart",
        "tokens of tree_tokens_apart",
    ),
)


LAG = table(
    (
        "age",
        "versions",
        "mean age of a token: versions between the weights that sampled it and the learner's",
        "tokens of the batch that the policy sampled",
    ),
    ("age_max", "versions", "age of the oldest one", ONE),
    ("stale", "share", "tokens of older weights", "tokens of the batch that the policy sampled"),
    (
        "gap_stale",
        "nats",
        "mean |log π_prox − log μ| of these: how far the policy has moved since; no error",
        "tokens of older weights, where π_prox is recomputed",
    ),
)
