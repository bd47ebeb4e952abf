"""Multiple choice: one letter, or the text of one option."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase

from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.extraction import answers, unfinished
from whet.rewards.verifiable.math.normal import plain
from whet.rewards.verifiable.verdicts import no_answer, nothing_to_compare
from whet.types import Finish, Rollout, Verdict

_UNLISTED = 10  # options of a task that doesn't list them: A to J
_LETTER = re.compile(r"\(?([A-Z])\)?[.:)]?")
_LED = re.compile(r"\(?([A-Z])(?:\)|[.:])\s*(.+)", re.DOTALL)
_ALONE = re.compile(r"(?<![\w'’])([A-Z])(?![\w'’])")
_ENDED = re.compile(r"[)\].:;,!*\"]|\s*$|\s+(?:and\s|or\s|&|[A-Z]\b)")
_WORDS = ("A", "I")  # letters that are words, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Reward):
    r"""1 where the reply chooses the task's option, else 0.

    The options are `info["choices"]`; the task's answer is a letter, or the text of an option.
    Without a list, any letter from A to J may be chosen.  A choice stands after the thoughts in
    `<answer>`, in `\boxed{…}` or after `Answer:`.  It is a letter, a letter followed by its own
    option, or the text of exactly one option.  Where nothing is announced, it is the letter that
    stands alone in the last line that has one; lines that list options are skipped, and a reply
    that was cut has no last line.  The words A and I count only before a bracket, a full stop or
    the end of the line.  Two letters are wrong, because the reply bets on both.

    `parts["chance"]` is 1/k, the expected score of a guess among k options.
    """

    longest: int = 2000  # characters of a choice

    def score(self, rollout: Rollout) -> Verdict:
        options = [_told(str(text)) for text in rollout.task.info.get("choices") or ()]
        letters = ascii_uppercase[: len(options) or _UNLISTED]
        gold = _letters(rollout.task.answer, options, letters)
        if len(gold) != 1:
            return nothing_to_compare(rollout)
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        chosen = self._chosen(text, rollout.finish, options, letters)
        if chosen is None:
            return no_answer(rollout)
        named = " or ".join(sorted(chosen))
        verdict = Verdict.binary(correct=chosen == gold, note=named, answer=named)
        return replace(verdict, parts={"chance": 1 / len(options)} if options else {})

    def _chosen(
        self, text: str, finish: Finish, options: Sequence[str], letters: str
    ) -> set[str] | None:
        """All letters that are chosen; None where there are none."""
        _, found = answers(text, finish)
        if not found and (finish is Finish.LENGTH or unfinished(text, finish)):
            return None  # its last line may have named another letter
        if found:
            short = [answer for answer in found if len(answer) <= self.longest]
            return set().union(*(_letters(answer, options, letters) for answer in short))
        lines = text[-self.longest :].splitlines()
        listed = [line for line in lines if _LED.fullmatch(line.strip())]
        for line in reversed(lines):
            alone = _standing(line, letters)
            if alone and (line not in listed or listed == [line]):
                return alone
        return None


def _told(text: str) -> str:
    return plain(text).strip(" *").casefold()


def _letters(answer: str, options: Sequence[str], letters: str) -> set[str]:
    """The letters that an answer names: one, several, or none."""
    bare = plain(answer).strip(" *")
    if (one := _LETTER.fullmatch(bare)) and one[1] in letters:
        return {one[1]}
    named = {letters[place] for place, option in enumerate(options) if option == _told(answer)}
    if named:
        return named
    led = _LED.fullmatch(bare)
    if led and led[1] in letters:
        place = letters.index(led[1])
        own = not options or _told(led[2]) == options[place]
        return {led[1]} if own and not _standing(led[2], letters) else set()
    return _standing(bare, letters)


def _standing(line: str, letters: str) -> set[str]:
    """The letters that stand alone in a line and are not words."""
    return {
        found[1]
        for found in _ALONE.finditer(line)
        if found[1] in letters
        and (found[1] not in _WORDS or _ENDED.match(line, found.end()) is not None)
    }
