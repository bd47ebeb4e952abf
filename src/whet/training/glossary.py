"""Every metric of metrics.jsonl: its name, its unit, its meaning and its denominator.

Reward and correctness are two quantities.  The *reward* is `Verdict.score`, the training signal.
It can be graded (any number) and shaped (by a length penalty, for example).  *Correct* is
`Verdict.correct`: a binary value that is only reported, and never shaped.  If a reward function
returns a number alone, a reply is correct from a reward of 1 on.

The *rollouts* of a step are those that the policy sampled for its tickets, before extensions add
demonstrations and replayed rollouts or drop some.  The *batch* is what the step learns from, with
those.  An *optimizer step* is a minibatch with a gradient.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from whet.training.metric_tables import CLOCKS as CLOCKS
from whet.training.metric_tables import ONE as _ONE
from whet.training.metric_tables import Metric as Metric
from whet.training.metric_tables import table as _table
from whet.training.sampling_glossary import LAG as LAG
from whet.training.sampling_glossary import SAMPLING as SAMPLING
from whet.training.sampling_glossary import TREES as TREES

_SCORED = "rollouts with a score"
_TAUGHT = "tokens of rollouts with a gradient"

STEP = _table(
    ("reward", "reward", "mean reward, the training signal", _SCORED),
    ("reward_std", "reward", "standard deviation of the rewards of the step, with n − 1", _SCORED),
    (
        "reward_std_within",
        "reward",
        "standard deviation of the rewards within a group, with n − 1; mean over groups",
        "groups with two scores or more",
    ),
    ("reward_min", "reward", "least reward of the step", _ONE),
    ("reward_max", "reward", "largest reward of the step", _ONE),
    ("graded", "share", "rewards that are neither 0 nor 1", _SCORED),
    (
        "varied",
        "share",
        "groups with non-zero spread of rewards; the others have no gradient in an algorithm that "
        "compares within a group",
        "groups with a score",
    ),
    (
        "correct",
        "share",
        "correct rollouts: training accuracy",
        "rollouts with a known correctness",
    ),
    (
        "correct_varied",
        "share",
        "groups with correct and incorrect rollouts",
        "groups with a known correctness",
    ),
    (
        "shaped",
        "share",
        "rollouts where correctness differs from a reward of 1 or more",
        "rollouts with a score and a known correctness",
    ),
    ("length", "tokens", "mean number of tokens that the policy sampled", "rollouts"),
    ("length_min", "tokens", "the same of the shortest rollout", _ONE),
    ("length_max", "tokens", "the same of the longest rollout", _ONE),
    ("truncated", "share", "rollouts cut off at the length limit", "rollouts"),
    (
        "faults",
        "share",
        "rollouts without a verdict because the reward failed; masked, never scored 0",
        "rollouts",
    ),
    (
        "not_applicable",
        "share",
        "rollouts of which the reward has no opinion; masked, and no fault",
        "rollouts",
    ),
    ("admitted", "share", "groups that the gate admitted", "groups after extensions"),
    ("replaced", "count", "rejected groups that were replaced by new ones", _ONE),
    ("dropped", "count", "admitted groups beyond the size of the step", _ONE),
    ("missing", "count", "groups missing in the step", _ONE),
    ("rounds", "count", "rounds of sampling in the step", _ONE),
    ("loss", "loss", "mean loss of the optimizer steps", "optimizer steps"),
    ("entropy", "nats", "mean entropy of the policy before each token", _TAUGHT),
    (
        "drift",
        "nats",
        "mean |log π_θ − log μ| before the first update: how far generator and learner differ",
        "such tokens in the first optimizer step that the present weights sampled",
    ),
    ("drift_max", "nats", "the largest difference of one token", _ONE),
    (
        "clipped",
        "share",
        "tokens at a bound of the clip: ∂f(r, Â)/∂ log π_θ = 0; the penalty k is not counted",
        "tokens with Â ≠ 0, in each sum of the objective",
    ),
    ("clipped_high", "share", "tokens at the upper bound: clipped, and Â > 0", "as clipped"),
    (
        "clipped_low",
        "share",
        "tokens at the lower bound, or at the floor of a dual clip: clipped, and Â < 0",
        "as clipped",
    ),
    ("masked", "share", "tokens to which a correction gives weight 0", "as clipped"),
    (
        "kl",
        "nats",
        "KL(μ‖π_ref) by the k3 estimator: mean of e^{−x} − 1 + x with x = log μ − log π_ref, where "
        "μ sampled the tokens; only where the objective holds a reference",
        "tokens of the batch that the policy sampled",
    ),
    (
        "saturated",
        "share",
        "tokens where |log π_θ − log π| > 20 for the proximal policy or the reference: there a "
        "ratio or a price keeps the value and the slope that it has at the bound",
        _TAUGHT,
    ),
    (
        "observed_nll",
        "nats",
        "mean −log π_θ of an observation token before its update; only where the objective has a "
        "sum over observation tokens",
        "observation tokens of the batch; those that leaves of a tree share by their weight",
    ),
    ("grad_norm", "norm", "norm of the gradient before it is clipped", "optimizer steps"),
    ("lr", "rate", "learning rate", _ONE),
    ("taught", "share", "tokens of rollouts with a gradient", "tokens of the batch"),
    (
        "computed",
        "ratio",
        "tokens in the forward and backward passes of the updates, prompts too",
        "tokens of the batch",
    ),
    ("seconds_play", "s", "rollouts and judging", _ONE),
    ("seconds_learn", "s", "batch, updates and extensions", _ONE),
    ("seconds_sync", "s", "weight delivery and its check", _ONE),
    ("tokens_prefilled", "tokens", "prompt tokens computed", _ONE),
    ("tokens_shared", "tokens", "prompt tokens read from the cache", _ONE),
    ("tokens_decoded", "tokens", "tokens sampled, those of the weight probe too", _ONE),
    ("tokens_reread", "tokens", "prompt tokens computed again", _ONE),
    ("decoded_per_second", "tokens/s", "tokens_decoded over seconds_play", "seconds"),
    (
        "learned_per_second",
        "tokens/s",
        "tokens of rollouts with a gradient over seconds_learn",
        "seconds",
    ),
)

_KNOWN = "known problems"
_COVERED = "problems that the reward covers"

EVALUATION = _table(
    ("reward", "reward", "mean over samples, then over problems", _KNOWN),
    ("reward_std", "reward", "standard deviation over all samples, with n − 1", "judged samples"),
    (
        "reward_std_within",
        "reward",
        "standard deviation over the samples of a problem, with n − 1; mean over problems",
        "problems with two judged samples or more",
    ),
    ("graded", "share", "samples with a reward that is neither 0 nor 1", "judged samples"),
    ("reward_right", "reward", "mean reward of the correct samples", "correct samples"),
    ("reward_wrong", "reward", "mean reward of the incorrect samples", "incorrect samples"),
    ("commonest", "share", "samples with the text that most samples have", "samples"),
    ("greedy_reward", "reward", "mean reward of the greedy replies", _KNOWN),
    ("greedy", "share", "problems with a correct greedy reply", _KNOWN),
    (
        "pass@*",
        "share",
        "problems with a correct one among k samples, the unbiased estimate",
        "problems with k samples of known correctness, or where the others can't change it",
    ),
    ("known_*", "share", "known problems of the estimate of this name", _COVERED),
    (
        "least_*",
        "as named",
        "the estimate if every missing verdict were wrong",
        _COVERED,
    ),
    (
        "most_*",
        "as named",
        "the estimate if every missing verdict were right",
        _COVERED,
    ),
    (
        "missing_*",
        "share",
        "replies of unknown correctness, by reason: verifier_error, not_applicable, score_only (no "
        "correctness)",
        "replies to problems that the reward covers",
    ),
    ("not_applicable", "share", "problems that the reward does not cover", "problems"),
    ("length", "tokens", "mean number of tokens of a sample", "samples"),
    ("greedy_length", "tokens", "mean number of tokens of a greedy reply", "greedy replies"),
    ("truncated", "share", "samples cut off at the length limit", "samples"),
    ("greedy_truncated", "share", "greedy replies cut off at the length limit", "greedy replies"),
    (
        "correct_truncated",
        "share",
        "correct replies that were cut off",
        "correct greedy replies and samples",
    ),
    (
        "faults",
        "share",
        "replies without a verdict because the reward failed",
        "greedy replies and samples",
    ),
    ("tokens", "tokens", "tokens sampled", _ONE),
    ("seconds", "s", "duration of the evaluation", _ONE),
)

SUPERVISED = _table(
    ("loss", "loss", "cross-entropy per token", _ONE),
    ("average_loss", "loss", "moving average of the loss (0.9)", _ONE),
    ("lr", "rate", "learning rate", _ONE),
    ("entropy", "nats", "mean entropy of the policy before each token", _TAUGHT),
    ("grad_norm", "norm", "norm of the gradient before it is clipped", _ONE),
    (
        "computed",
        "ratio",
        "tokens in the forward and backward passes, prompts too",
        "tokens of the batch",
    ),
    ("seconds", "s", "duration of the step", _ONE),
)

EXTENSIONS = _table(
    ("baseline", "reward", "MovingMean: the baseline that was used", _ONE),
    ("buffered", "count", "SFTBuffer: demonstrations in the buffer, before it is trained on", _ONE),
    ("entropy_bonus", "weight", "EntropyTarget: the coefficient that was used", _ONE),
    ("imitation_weight", "weight", "ImitationWeight: weight of imitation in the next step", _ONE),
    ("implicit_loss", "loss", "ImplicitRewards: cross-entropy of the reward model", _ONE),
    ("reference_age", "steps", "ReferenceReset: steps since the reference was replaced", _ONE),
    (
        "forgotten",
        "nats",
        "Eepo: by how much the mean log-prob of the first halves has fallen on the way to θ'",
        "rounds of the step with second halves",
    ),
    ("late_values", "share", "ReferenceValues: rollouts of tasks sampled late", "rollouts"),
    ("target_length_*", "tokens", "LengthTargets: the budget of each bucket of difficulty", _ONE),
    ("teacher_kl", "nats", "ScoringTeacher: log π − log π_T before a step", "tokens it scored"),
    ("teacher_share", "share", "ScoringTeacher: tokens that it scored", "tokens of the batch"),
    ("tracked", "count", "Tracker: tasks with a recorded success rate", _ONE),
    ("value_loss", "loss", "Critic: mean loss of its updates", "updates of the critic"),
    (
        "value_grad_norm",
        "norm",
        "Critic: mean norm of its gradient before it is clipped",
        "updates of the critic",
    ),
    (
        "verifier_agrees",
        "share",
        "Coevolving: replies on which verifier and judge agree",
        "rollouts with a known correctness",
    ),
    ("verifier_pairs", "count", "Coevolving: training pairs of the verifier", _ONE),
    ("verifier_loss", "loss", "Coevolving: contrastive loss of the verifier", "updates: 0 or 1"),
    (
        "verifier_probe_accuracy",
        "share",
        "Coevolving: accuracy on the held-out probes",
        "measurements: 0 or 1",
    ),
    ("verifier_frozen", "flag", "Coevolving: 1 if the training of the verifier has stopped", _ONE),
)

TABLES = {
    "step": (*STEP, *TREES, *LAG, *SAMPLING, *EXTENSIONS),
    "sft": SUPERVISED,
    "base": EVALUATION,
    "periodic": EVALUATION,
    "final": EVALUATION,
}
"""The tables, by the kind of a ledger's row."""


def metric(kind: str, name: str) -> Metric | None:
    """The metric with this name in a row of that kind; None if it is in no table."""
    return next((m for m in TABLES[kind] if fnmatchcase(name, m.name)), None)


def rows() -> Iterator[tuple[str, tuple[Metric, ...]]]:
    """The tables with their titles, in the order of the page."""
    yield "Steps with rewards", STEP
    yield "Trees of rollouts, in the steps that have any", TREES
    yield "Tokens of older weights, in the steps that learn from any", LAG
    yield "Evaluations (base, periodic, final)", EVALUATION
    yield "Supervised steps", SUPERVISED
    yield "Sampling, in the steps with rewards", SAMPLING
    yield "Extensions, in the steps with rewards", EXTENSIONS
