"""The argument lists of reward functions in whet, TRL, veRL, OpenRLHF and verifiers.

The names of a function's parameters tell which of them it was written for.  Worker processes
import this package: plain Python, no torch.
"""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from whet.rewards.adapters.dialects.base import CallForm as CallForm
from whet.rewards.adapters.dialects.base import FormError as FormError
from whet.rewards.adapters.dialects.base import ResultError as ResultError
from whet.rewards.adapters.dialects.base import Said as Said
from whet.rewards.adapters.dialects.base import ScriptResult as ScriptResult
from whet.rewards.adapters.dialects.openrlhf import OpenRlhfForm as OpenRlhfForm
from whet.rewards.adapters.dialects.trl import TrlForm as TrlForm
from whet.rewards.adapters.dialects.verifiers_one import TraceForm as TraceForm
from whet.rewards.adapters.dialects.verifiers_zero import VerifiersForm as VerifiersForm
from whet.rewards.adapters.dialects.verl import VerlBatchForm as VerlBatchForm
from whet.rewards.adapters.dialects.verl import VerlForm as VerlForm
from whet.rewards.adapters.dialects.whet import WhetForm as WhetForm

OURS = WhetForm()
THEIRS = (
    TraceForm(),
    OpenRlhfForm(),
    TrlForm(),
    VerlBatchForm(),
    VerlForm(),
    VerifiersForm(),
)


def form_of(names: Collection[str], needed: Collection[str], what: str) -> CallForm:
    """The form of a function with these parameters; `needed` are those without a default.

    Raises `FormError`, with a list of all forms, where the function has none of them.
    """
    ours = set(needed) <= set(OURS.offers)
    if ours and set(names) & OURS.marks:
        return OURS
    for form in THEIRS:
        if set(names) & form.marks:
            return form
    if ours:
        return OURS
    known = {offer for form in (OURS, *THEIRS) for offer in form.offers}
    odd = next((name for name in needed if name not in known), None)
    odd = odd or next(name for name in needed if name not in OURS.offers)
    raise FormError(f"{what} wants {odd!r}; {_near(odd)}{choices((OURS, *THEIRS[::-1]))}")


def choices(forms: Iterable[CallForm]) -> str:
    """A sentence that lists these forms with their parameters."""
    told = (f"{form.called} ({', '.join(form.offers)})" for form in forms)
    return f"take the parameters of one of these forms: {'; '.join(told)}"


def _near(name: str) -> str:
    offered = {offer for form in (OURS, *THEIRS) for offer in form.offers} - {name}
    close = get_close_matches(name, sorted(offered), n=1, cutoff=0.7)
    return f"did you mean {close[0]!r}? " if close else ""
