"""A reward function of your own for one reply, in the form of whet, veRL or verifiers."""

from dataclasses import dataclass

from whet.protocols import Reward
from whet.rewards.adapters.dialects import TraceForm as TraceForm
from whet.rewards.adapters.dialects import VerifiersForm as VerifiersForm
from whet.rewards.adapters.dialects import VerlForm as VerlForm
from whet.rewards.adapters.dialects import WhetForm as WhetForm
from whet.rewards.adapters.written import UserFunction
from whet.types import Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Script(UserFunction, Reward):
    """The result of `function` in `path`, a Python file or a module's dotted name, for a rollout.

        def score(prompt, reply, answer, info, task_id): ...                        whet
        def compute_score(data_source, solution_str, ground_truth, extra_info): ... veRL 0.9
        def f(prompt, completion, answer, state, task, info, parser): ...           verifiers 0
        def f(trace, task): ...   or a class of tasks with @vf.reward               verifiers 1

    The function takes the parameters that it needs, in any order; their names tell the form unless
    `form` is set.  A parameter with a default may have any name.  The function may be a coroutine,
    a callable object, or the class of one.  It returns a bool, or a number, of which 1 or more
    counts as correct, or a dict with `score`, perhaps `correct` (`acc` in veRL's form), and numbers
    to be logged.

    It runs in worker processes, which are killed after `limit_s` seconds.  An exception, a timeout
    or another result is a fault of the reply and not a score.  Output of the function is logged
    once.  The file is read once; files that it imports are not part of the reward's digest.
    """

    def __post_init__(self) -> None:
        """Read the file without running it, and refuse a function that judges groups."""
        UserFunction.__post_init__(self)
        form = self.known_form
        if form is not None and form.batched:
            raise UsageError(
                f"{self.function} of {self.path} judges groups, in {form.called}'s form; make it a "
                "batch_script, as --reward does"
            )

    def score(self, rollout: Rollout) -> Verdict:
        return self.verdicts((rollout,))[0]
