"""Where an answer stands among the words of a sentence that answers a question."""

import re
from collections.abc import Collection, Sequence

from whet.rewards.verifiable.answer_questions import JOINS, QuestionWords

_LONGEST = 60  # words of a sentence


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


FUNCTION = _set("""
    a an the it its this that thats these those is are was were be been being am im id ill i we you
    he she they them who which what there here his her their my your our has have had did do does
    of in by to for on at with from as per than called named known means stands gives give makes
    make get got equals became located situated found made consists belongs only all total one so
    thus hence therefore then yes better
    answer final correct right think believe say would number name word
    sure certain confident fairly pretty quite exactly precisely definitely certainly clearly
    technically officially currently overall simply now today probably likely ad ce degrees
    course took takes place happened occurred lies
    """)
DENIES = _set("""
    not no never neither nor isnt wasnt arent werent cannot cant dont doesnt didnt hardly except
    false
    """)
BETS = _set("either both maybe perhaps possibly unless")
_CONCLUDES = _set("so hence thus therefore then")
_RELATIVES = _set("who which that")
_ANSWER_FOLLOWS = _set("""
    is are was were be by in on at for means called named to has have had got its it thats so thus
    hence as gives give makes make get equals became
    """)
_MADE_OF = (("made", "of"), ("consists", "of"))
_TITLES = _set("doctor professor sir president mister mrs ms miss madame lord lady king queen")
_HEDGES = _set("probably likely definitely certainly clearly simply exactly precisely now today")
_CLASSES = _set("city town village country island river planet element year")
PREPOSITIONS = _set("""
    about above after against around before behind below beside besides between beyond like near
    opposite outside over since under unlike until versus without
    """)
_TIMES = _set("""
    january february march april may june july august september october november december spring
    summer autumn fall winter early late monday tuesday wednesday thursday friday saturday sunday
    """)


def known(word: str, question: QuestionWords) -> bool:
    """Whether a word says nothing of its own: a function word, or a word of the question."""
    return word in FUNCTION or question.has(word)


def framed(
    words: tuple[str, ...],
    wanted: tuple[str, ...],
    question: QuestionWords,
    accepted: Collection[str],
) -> bool:
    """Whether an answer stands once in a sentence whose other words are the question's."""
    if not wanted or len(words) > _LONGEST:
        return False
    if _year(wanted):
        words = tuple(re.sub(r"^@(\d+)-.*", r"\1", word) for word in words)
    places = [n for n in range(len(words)) if words[n : n + len(wanted)] == wanted]
    if len(places) != 1:
        return False
    before, after = _untitled(words[: places[0]], question), words[places[0] + len(wanted) :]
    dated = _year(wanted) or wanted[0].startswith("@")
    other = [w for w in (*before, *after) if w not in accepted and not (dated and w in _TIMES)]
    if not all(w in DENIES or w in JOINS or known(w, question) for w in other):
        return False
    if _denied(before, other, question) or _bets(before, after, question):
        return False
    return _placed(tuple(w for w in before if w in other), after, wanted, question)


def _denied(before: tuple[str, ...], other: Sequence[str], question: QuestionWords) -> bool:
    """Whether a sentence denies its answer: right before it, or by a word of its own."""
    foreign = any(word in DENIES and word not in question.words for word in other)
    return foreign or (bool(before) and before[-1] in DENIES)


def _bets(before: tuple[str, ...], after: tuple[str, ...], question: QuestionWords) -> bool:
    """Whether the words around an answer offer another one; the question's own pairs do not."""
    if any(word in BETS for word in (*before, *after)) or any(w in _CONCLUDES for w in after):
        return True
    return any(
        word in JOINS
        and not (0 < place < len(side) - 1 and question.joins(*side[place - 1 :: 2][:2]))
        for side in (before, after)
        for place, word in enumerate(side)
    )


def _placed(
    before: tuple[str, ...],
    after: tuple[str, ...],
    wanted: tuple[str, ...],
    question: QuestionWords,
) -> bool:
    """Whether the answer stands where a sentence of these words has its answer."""
    if {*wanted} <= {*question.words}:  # the question names the candidates
        follows = not after or after[0] in FUNCTION or after[0] in question.common
        alone = not any(word in question.names for word in before)
        return follows and (not before or (alone and before[-1] in _ANSWER_FOLLOWS))
    if not before or wanted[0][-1].isdigit():  # the question says what the number counts
        return True
    if after and after[0] not in _RELATIVES:
        return False
    if before[-1] in _ANSWER_FOLLOWS or before[-2:] in _MADE_OF:
        return True
    content = [word for word in before if word not in FUNCTION]
    if content[-1:] != [before[-1]]:
        return False
    class_noun = len(content) == 1 and before[-1] in question.common
    return class_noun or (len(before) > 1 and question.goes_on(before[-2], before[-1]))


def _untitled(before: tuple[str, ...], question: QuestionWords) -> tuple[str, ...]:
    """The words before an answer without a title, a hedge, or its class, as in `city of`."""
    while before and before[-1] in _TITLES | _HEDGES:
        before = before[:-1]
    classed = before[-1:] == ("of",) and before[-2:-1] and before[-2] in _CLASSES | question.kinds
    return before[:-2] if classed else before


def _year(words: tuple[str, ...]) -> bool:
    return len(words) == 1 and re.fullmatch(r"\d{3,4}", words[0]) is not None
