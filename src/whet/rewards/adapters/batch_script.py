"""A reward function of your own for a whole group, in the form of TRL, OpenRLHF or veRL."""

from collections.abc import Sequence
from dataclasses import dataclass

from whet.protocols import GroupReward, RewardContext
from whet.rewards.adapters.dialects import OpenRlhfForm as OpenRlhfForm
from whet.rewards.adapters.dialects import TrlForm as TrlForm
from whet.rewards.adapters.dialects import VerlBatchForm as VerlBatchForm
from whet.rewards.adapters.written import UserFunction
from whet.rewards.judging.calling import blocking
from whet.types import Group, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchScript(UserFunction, GroupReward):
    """The results of `function` in `path`, a Python file or a module's dotted name, for a group.

        def f(prompts, completions, completion_ids, **columns): ...                       TRL 1.16
        def reward_func(queries, prompts, labels, **kw): ...                              OpenRLHF
        def compute_score(data_sources, solution_strs, ground_truths, extra_infos): ...   veRL 0.9

    It is called once for each group with all replies.  The names of its parameters tell the form
    unless `form` is set.  It may be a coroutine, a callable object, or the class of one.  It
    returns a number for each reply, of which 1 or more counts as correct.  In TRL's form None means
    "not applicable": the reply is in neither loss nor baseline, and it is not a fault.  In
    OpenRLHF's form a dict may have `rewards`, `scores` and `extra_logs`; in veRL's form each result
    may be a dict with `score`.

    It runs in worker processes, which are killed after `limit_s` seconds.  An exception, a timeout
    or a list of another length is a fault of the whole group and not a score; an item that is no
    finite number is a fault of its reply.  Output of the function is logged once.
    The file is read once; files that it imports are not part of the reward's digest.
    """

    limit_s: float = 30.0  # wall time of a call

    def __post_init__(self) -> None:
        """Read the file without running it, and refuse a function that judges single replies."""
        UserFunction.__post_init__(self)
        form = self.known_form
        if form is not None and not form.batched:
            raise UsageError(
                f"{self.function} of {self.path} judges single replies, in {form.called}'s form; "
                "make it a script, as --reward does"
            )

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        found = await blocking(self.verdicts, list(group), context.step)
        if isinstance(found, BaseException):
            raise found
        return found
