"""The forms that reward functions have elsewhere, told apart by the names of their parameters.

For worker processes and for the parent alike: plain Python, no torch.
"""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from whet.rewards._forms._form import CallForm as CallForm
from whet.rewards._forms._form import FormError as FormError
from whet.rewards._forms._form import Said as Said
from whet.rewards._forms._form import ScriptResult as ScriptResult
from whet.rewards._forms._openrlhf import OpenRlhfForm as OpenRlhfForm
from whet.rewards._forms._trace import TraceForm as TraceForm
from whet.rewards._forms._trl import TrlForm as TrlForm
from whet.rewards._forms._verifiers import VerifiersForm as VerifiersForm
from whet.rewards._forms._verl import VerlForm as VerlForm
from whet.rewards._forms._whet import WhetForm as WhetForm

OURS = WhetForm()
THEIRS = (TraceForm(), OpenRlhfForm(), TrlForm(), VerlForm(), VerifiersForm())


def form_of(names: Collection[str], needed: Collection[str], what: str) -> CallForm:
    """The form of a function with these parameters, of which some are `needed`.

    Raises `FormError` with all the forms where it has none of them.
    """
    ours = set(needed) <= set(OURS.offers)
    if ours and set(names) & OURS.marks:
        return OURS
    for form in THEIRS:
        if set(names) & form.marks:
            return form
    if ours:
        return OURS
    odd = next(name for name in needed if name not in OURS.offers)
    raise FormError(f"{what} wants {odd!r}; {_near(odd)}{choices((OURS, *THEIRS[::-1]))}")


def choices(forms: Iterable[CallForm]) -> str:
    """The forms and what can be named in each."""
    told = (f"{form.called} ({', '.join(form.offers)})" for form in forms)
    return f"name what one of these forms has: {'; '.join(told)}"


def _near(name: str) -> str:
    offered = sorted({offer for form in (OURS, *THEIRS) for offer in form.offers})
    close = get_close_matches(name, offered, n=1, cutoff=0.7)
    return f"did you mean {close[0]!r}? " if close else ""
