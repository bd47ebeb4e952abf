"""A judge of your own: a function of one reply, in whet's form, veRL's, or verifiers'."""

from dataclasses import dataclass, field

from whet.protocols import Reward
from whet.rewards._forms import CallForm
from whet.rewards._forms import TraceForm as TraceForm
from whet.rewards._forms import VerifiersForm as VerifiersForm
from whet.rewards._forms import VerlForm as VerlForm
from whet.rewards._forms import WhetForm as WhetForm
from whet.rewards._script import digest_of
from whet.rewards._source import Source, ask, check_import, workers_for
from whet.types import Rollout, UsageError, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Script(Reward):
    """What `function` of `path` says of a rollout; `path` is a file, or a module's dotted name.

        def score(prompt, reply, answer, info, task_id): ...                        whet
        def compute_score(data_source, solution_str, ground_truth, extra_info): ... veRL 0.9
        def f(prompt, completion, answer, state, task, info, parser): ...           verifiers 0
        def f(trace, task): ...   or a class of tasks with @vf.reward               verifiers 1

    It names those parameters of a form that it wants, in any order; one with a default of its own
    may be anything.  The names tell the form, unless `form` does.  It may be a coroutine, an object
    that can be called, or the class of one.  It returns a bool, or a number, of which 1 or more
    counts as correct; or a dict with `score`, perhaps `correct` (`acc` in veRL's form), and numbers
    to be logged beside them.

    It runs in worker processes that are killed after `limit_s`; what it raises, and such an end,
    is a fault and no score.  The file is read once: what is written into it later is another judge.
    Files that it imports are not part of it.
    """

    path: str
    function: str = "score"
    form: CallForm | None = None
    limit_s: float = 5.0
    workers: int = 2
    digest: str = field(init=False)  # of the source, for the run's card
    source: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the file, without running it, for what can be known of it already."""
        source = Source.read(self.path)
        object.__setattr__(self, "source", source.text)
        object.__setattr__(self, "digest", digest_of(source.text))
        form = self.form or source.form(self.function)
        if form is not None and form.batched:
            raise UsageError(
                f"{self.function} of {self.path} judges groups, in {form.called}'s form; make it a "
                "batch_script, as --reward does"
            )

    def check(self) -> None:
        """Execute the file in a worker."""
        place = Source(self.path, self.source).place(self.function)
        check_import(place, workers_for(place, self.workers, self.limit_s))

    def score(self, rollout: Rollout) -> Verdict:
        """Ask the function."""
        place = Source(self.path, self.source).place(self.function)
        workers = workers_for(place, self.workers, self.limit_s)
        return ask(place, self.form, workers, (rollout,))[0]
