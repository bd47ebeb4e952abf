"""What the sentences of a reply choose together."""

import re
from collections.abc import Sequence

from whet.rewards.verifiable.option_mentions import Options
from whet.rewards.verifiable.option_statements import Statement

_CHANGES = re.compile(
    r"\b(?:wait|actually|correction|on reflection|second thought|instead|change|hmm|sorry|mistake"
    r"|however|rather)\b|\bno[,.:!]",
    re.IGNORECASE,
)
_WITHDRAWN = re.compile(
    r"\b(?:scratch that|take (?:that|it) back|retract|disregard|ignore (?:that|the above)"
    r"|(?:that|this|they)(?:['’]s|['’]re| is| was| are) (?:wrong|incorrect|mistaken|not right"
    r"|a mistake)|(?:i|we) (?:was"
    r"|were) wrong|disagree)\b",
    re.IGNORECASE,
)
_ADDS = re.compile(
    r"\b(?:also|too|equally|as well|either|both|another|alternatively|possibly)\b", re.IGNORECASE
)


def decided(said: Sequence[Statement], options: Options) -> frozenset[str] | None:
    """The letters that the sentences choose together; None where they choose none.

    The last firm statement counts, unless a later one rejects or withdraws it, adds another option
    to it, or changes to another; without a firm one, the last sentence that chooses.  Rejecting all
    options but one chooses that one.
    """
    current: frozenset[str] | None = None
    gone: frozenset[str] = frozenset()
    firm = bare = False
    for one in said:
        if not one.chosen and not one.rejected:
            if current and _WITHDRAWN.search(one.text):
                current, firm = None, False
            bare = False
            continue
        if one.chosen:
            current, firm = _next(current, one, firm=firm, bare=bare)
            bare = one.bare
        if current and one.rejected & current:
            current, firm = current - one.rejected or None, False
        gone = (gone | one.rejected) - one.chosen
        if current is None and len(options.texts) - len(gone) == 1:
            current = frozenset(options.letters) - gone
    return current


def _next(
    current: frozenset[str] | None, one: Statement, *, firm: bool, bare: bool
) -> tuple[frozenset[str], bool]:
    """The choice after one more sentence, and whether it is firm."""
    if current is None or current == one.chosen:
        return one.chosen, firm or one.firm
    if bare and one.bare or (firm and not one.firm and _ADDS.search(one.text)):
        return current | one.chosen, True
    if one.firm or not firm or _CHANGES.search(one.text):
        return one.chosen, one.firm
    return current, firm
