"""A judge of your own: a function of a whole group, in the form of TRL or OpenRLHF."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from whet.protocols import GroupReward, RewardContext
from whet.rewards._forms import CallForm
from whet.rewards._forms import OpenRlhfForm as OpenRlhfForm
from whet.rewards._forms import TrlForm as TrlForm
from whet.rewards._script import digest_of
from whet.rewards._source import Source, ask, check_import, workers_for
from whet.types import Group, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchScript(GroupReward):
    """What `function` of `path` says of a group; `path` is a file, or a module's dotted name.

        def f(prompts, completions, completion_ids, **columns): ...                 TRL 1.16
        def reward_func(queries, prompts, labels, **kw): ...                        OpenRLHF

    It is called once for each group, with all its replies.  The names of its parameters tell the
    form, unless `form` does.  It may be a coroutine, an object that can be called, or the class of
    one.  It returns a number for each reply, of which 1 or more counts as correct; in TRL's form
    None where it isn't applicable, which is in neither loss nor baseline and no fault; in
    OpenRLHF's form perhaps a dict with `rewards`, `scores` and `extra_logs`.

    It runs in worker processes that are killed after `limit_s`; what it raises, and such an end,
    is a fault of the whole group and no score.  The file is read once: what is written into it
    later is another judge.  Files that it imports are not part of it.
    """

    path: str
    function: str = "score"
    form: CallForm | None = None
    limit_s: float = 30.0
    workers: int = 2
    digest: str = field(init=False)  # of the source, for the run's card
    source: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the file, without running it, for what can be known of it already."""
        source = Source.read(self.path)
        object.__setattr__(self, "source", source.text)
        object.__setattr__(self, "digest", digest_of(source.text))
        form = self.form or source.form(self.function)
        if form is not None and not form.batched:
            raise UsageError(
                f"{self.function} of {self.path} judges single replies, in {form.called}'s form; "
                "make it a script, as --reward does"
            )

    def check(self) -> None:
        """Execute the file in a worker."""
        place = Source(self.path, self.source).place(self.function)
        check_import(place, workers_for(place, self.workers, self.limit_s))

    async def score_group(self, group: Group, context: RewardContext) -> Sequence[Verdict]:
        """Ask the function."""
        place = Source(self.path, self.source).place(self.function)
        workers = workers_for(place, self.workers, self.limit_s)
        return await asyncio.to_thread(ask, place, self.form, workers, list(group))
