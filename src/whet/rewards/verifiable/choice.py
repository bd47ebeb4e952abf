"""Multiple choice: one letter, or the text of one option."""

import re
from dataclasses import dataclass, replace

from whet.protocols import Reward
from whet.rewards.verifiable.announced_answers import final_text
from whet.rewards.verifiable.answer_words import legible
from whet.rewards.verifiable.extraction import answers, unfinished
from whet.rewards.verifiable.option_decisions import decided
from whet.rewards.verifiable.option_lists import verdict_table
from whet.rewards.verifiable.option_mentions import Options, prose
from whet.rewards.verifiable.option_statements import statements
from whet.rewards.verifiable.verdicts import no_answer, nothing_to_compare
from whet.types import Finish, Rollout, Verdict
from whet.types.messages import question_in

_DENIED = re.compile(
    r"\b(?:not|except|false|incorrect|wrong|untrue|never|cannot|least likely)\b|n['’]t\b",
    re.IGNORECASE,
)
_EITHER = re.compile(r"\btrue or false\b", re.IGNORECASE)
_MARKED = ("answer tag", "box")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Reward):
    r"""1 where the reply chooses the task's option, else 0.

    The options are `info["choices"]`; the task's answer is a letter, or the text of an option.
    Without a list, any letter from A to J may be chosen.  The choice stands after the thoughts in
    `<answer>` or `\boxed{…}`; without them, it is what the sentences of the reply say in the end.
    An option is named by its letter (a small one in brackets or marks, or where it is the whole
    answer), by its place ("the third option") or by its text.  A sentence that announces
    (`Answer: B`), or that consists of its choice, counts before one that only mentions an option; a
    later one counts before an earlier one.  Options that a sentence denies, doubts or rules out are
    not chosen, except where the question itself asks for what is not so.  What others are said to
    choose, lists of options, questions and offers of further help say nothing.  Two options at once
    are wrong, because the reply bets on both; so are two options in different boxes.  A reply that
    was cut has no last sentence.

    `parts["chance"]` is 1/k, the expected score of a guess among k options.
    """

    longest: int = 2000  # characters that are read: of a marked choice, or of the reply's end

    def score(self, rollout: Rollout) -> Verdict:
        options = Options.of(rollout.task.info.get("choices") or ())
        gold = options.whole(prose(rollout.task.answer))
        if len(gold) != 1:
            return nothing_to_compare(rollout)
        text = final_text(rollout)
        if isinstance(text, Verdict):
            return text
        text = legible(text)
        denied = _denied(question_in(rollout.task.prompt))
        chosen = self._chosen(text, rollout.finish, options, denied=denied)
        if chosen is None:
            return no_answer(rollout)
        named = " or ".join(sorted(chosen))
        verdict = Verdict.binary(correct=chosen == gold, note=named, answer=named)
        parts = {"chance": 1 / len(options.texts)} if options.texts else {}
        return replace(verdict, parts=parts)

    def _chosen(
        self, text: str, finish: Finish, options: Options, *, denied: bool
    ) -> frozenset[str] | None:
        """All letters that are chosen; None where there are none."""
        if unfinished(text, finish):
            return None
        where, found = answers(text, finish)
        if found and where in _MARKED:
            short = [answer for answer in found if len(answer) <= self.longest]
            return frozenset().union(
                *(_said(prose(one), options, denied=denied) or () for one in short)
            )
        if finish is Finish.LENGTH:
            if not found:
                return None  # its last line may have named another letter
            text = text.rpartition("\n")[0] or text
        return _said(prose(text[-self.longest :]), options, denied=denied)


def _said(text: str, options: Options, *, denied: bool) -> frozenset[str] | None:
    """The options that a text chooses."""
    if whole := options.whole(text):
        return whole
    if table := verdict_table(text, options, denied=denied):
        return table
    return decided(statements(text, options, denied=denied), options)


def _denied(prompt: str) -> bool:
    """Whether the last question of a prompt asks for what is not so."""
    prompt = _EITHER.sub("", prompt)
    asked = [one for one in re.split(r"(?<=[.?!:])\s", prompt) if "?" in one] or [prompt]
    return _DENIED.search(asked[-1]) is not None
