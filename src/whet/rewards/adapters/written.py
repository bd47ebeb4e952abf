"""A reward function in a user's file: its settings, and how it is loaded and called."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from whet.rewards.adapters.dialects import (
    CallForm,
    FormError,
    ResultError,
    Said,
    ScriptResult,
    WhetForm,
)
from whet.rewards.adapters.late_imports import refuse_missing
from whet.rewards.adapters.script_calls import ScriptLocation, call, digest_of, form_at
from whet.rewards.adapters.sources import Source
from whet.sandbox.workers import Workers
from whet.types import Finish, IntegrityError, Reason, Rollout, UsageError, Verdict

_LOG = logging.getLogger(__name__)
_LOADING_S = 60.0  # for a file with heavy imports
_PRINTED: set[str] = set()  # functions whose printing has been reported


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFunction:
    """`function` of `path`, a Python file or a module's dotted name, in worker processes.

    The file is read once, when the object is made; later changes to it make another reward.  Files
    that it imports are not part of it.
    """

    path: str
    function: str = "score"
    form: CallForm | None = None  # of the parameters; None: the one that their names tell
    limit_s: float = 5.0  # wall time of a call
    workers: int = 2
    digest: str = field(init=False)  # of the source, for the run's card
    source: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        source = Source.read(self.path)
        object.__setattr__(self, "source", source.text)
        object.__setattr__(self, "digest", digest_of(source.text))

    @property
    def place(self) -> ScriptLocation:
        return Source(self.path, self.source).place(self.function)

    @property
    def known_form(self) -> CallForm | None:
        """The form that is set, or that the text of the file tells; None: only running tells."""
        return self.form or Source(self.path, self.source).form(self.function)

    @property
    def reads_alternatives(self) -> bool:
        """A foreign form has all answers in one call, as its own trainer passes them."""
        return not isinstance(self.known_form or loaded(self.place, None), WhetForm)

    def check(self) -> None:
        """Execute the file in a worker process.  Raises `UsageError` in one line if that fails, and
        where a call of the function would import what is not there.
        """
        refuse_missing(Source(self.path, self.source), self.function)
        loaded(self.place, self.form, self.workers)

    def verdicts(self, rollouts: Sequence[Rollout], step: int = 0) -> list[Verdict]:
        """One call of the function for these rollouts, and its results as verdicts.

        What it returns beside its form is a fault: of one reply where its place is known, and else
        of all.  Raises `UsageError` where the function can't be called in its form.
        """
        place = self.place
        workers = workers_for(place, self.workers, self.limit_s)
        said = [_said(rollout, step) for rollout in rollouts]
        try:
            found, printed = workers.call(call, place, self.form, said)
        except (ResultError, UsageError, IntegrityError) as odd:  # the function's own, if whet's
            return [Verdict.unjudged(str(odd))] * len(said)
        except FormError as unfit:
            raise UsageError(str(unfit)) from None
        _report(place, printed)
        return [_verdict(one) for one in found]


def loaded(place: ScriptLocation, form: CallForm | None = None, count: int = 2) -> CallForm:
    """Load a function in a worker process and return its form.

    Raises `UsageError` in one line where the file cannot be imported or the function has no form.
    """
    try:
        return workers_for(place, count, _LOADING_S).call(form_at, place, form)
    except FormError as unfit:
        raise UsageError(str(unfit)) from None
    except Exception as error:  # a user's file may raise anything
        line = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise UsageError(f"reward {place.what} can't be loaded: {line}; mend the file") from error


def workers_for(place: ScriptLocation, count: int, limit_s: float) -> Workers:
    """Processes that execute the user's file before any clock runs."""
    return Workers(count=count, limit_s=limit_s, scripts=((place.path, place.program),))


def _said(rollout: Rollout, step: int) -> Said:
    task = rollout.task
    plain = task.prompt if isinstance(task.prompt, str) else [dict(m) for m in task.prompt]
    return Said(
        task_id=task.id,
        prompt=plain,
        turns=rollout.turns,
        answer=task.answer,
        alternatives=task.alternatives,
        info=dict(task.info),
        ids=rollout.chosen_ids.tolist(),
        truncated=rollout.finish is Finish.LENGTH,
        step=step,
    )


def _verdict(found: ScriptResult) -> Verdict:
    if found.score is None:
        absent = Verdict.unjudged if found.applicable else Verdict.not_applicable
        return absent(found.note)
    lacking = Reason.PARTIAL if found.score > 0 else Reason.WRONG
    return Verdict(
        reason=lacking if found.correct is False else Reason.OK,
        score=found.score,
        correct=found.correct,
        measured=found.measured,
        parts=found.parts,
        note=found.note,
    )


def _report(place: ScriptLocation, printed: str) -> None:
    """Log the beginning of what a function prints, once for each function."""
    if printed.strip() and place.what not in _PRINTED:
        _PRINTED.add(place.what)
        line = " ".join(printed.split())[:200]
        _LOG.warning("%s prints, which is shown once: %s", place.what, line)
