"""The one answer that a reply announces."""

from whet.rewards.verifiable.extraction import (
    after_think,
    boxed,
    tagged,
    unfinished,
    with_open_think,
)
from whet.rewards.verifiable.verdicts import no_answer
from whet.types import Finish, Reason, Rollout, Verdict


def final_text(rollout: Rollout) -> str | Verdict:
    """The text after the thoughts, or a verdict where there is none or where the thoughts never
    end.
    """
    text = after_think(with_open_think(rollout.turns))
    if text is None:
        return Verdict.failure(Reason.TRUNCATED, note="the thoughts never end")
    return text if text.strip() else no_answer(rollout)


def announced(rollout: Rollout, longest: int = 4096) -> str | Verdict:
    r"""The last `<answer>…</answer>`, else the last `\boxed{…}`, else the text after the last `#`.

    Thoughts are not searched.  Two different boxes are wrong, because the reply bets on both; so is
    an answer of more than `longest` characters.  Where there is no answer, the verdict is returned
    in its place.  An answer that has no end is none: an open tag or box, and the text after `#` of
    a reply that was cut.
    """
    text = final_text(rollout)
    if isinstance(text, Verdict):
        return text
    if unfinished(text, rollout.finish):
        return no_answer(rollout)
    content = tagged(text)
    boxes = boxed(text if content is None else content)
    if len(set(boxes)) > 1:
        return Verdict.failure(Reason.WRONG, note=f"{len(set(boxes))} different boxes")
    if boxes:
        content = boxes[-1]
    elif content is None:
        content = after_hash(text, rollout.finish)
    if not content:
        return no_answer(rollout)
    if len(content) > longest:
        return Verdict.failure(Reason.WRONG, note=f"{len(content)} characters, more than {longest}")
    return content


def after_hash(text: str, finish: Finish) -> str:
    """The text after the last `#`; empty where there is none, and where the reply was cut."""
    return "" if finish is Finish.LENGTH else text.rpartition("#")[2].strip() if "#" in text else ""
