"""The metrics that slots of the sampling strategy report."""

from whet.training.glossary_rows import table

_ONE = "1"

SAMPLING = table(
    (
        "unfinished",
        "count",
        "sizes with rounds: tasks given up while they waited for further rollouts, because the "
        "step was full or its rounds were used up",
        _ONE,
    ),
    ("qualified", "share", "TwoPhase: tasks with pilots that qualified", "screened tasks"),
    ("draws", "count", "ReinforceAda: rollouts per complete task", "complete tasks"),
    ("exited", "share", "ReinforceAda: tasks that met the exit rule", "complete tasks"),
    ("size_min", "count", "Knapsack, Adaptive: smallest group of the step", _ONE),
    ("size_max", "count", "Knapsack, Adaptive: largest group of the step", _ONE),
)
