"""The options that a question of multiple choice has, and letters as answers."""

import re
from collections.abc import Callable, Mapping

_FEWEST = 2  # options of a question
_OPTION = re.compile(
    r"\(\s*(?:\\(?:text(?:bf|rm)?|mathrm|mathbf)\{\s*)?([A-J])\s*\}?\s*\)"
    r"|(?<![\w(])([A-J])[.)](?=\s)"
)
_LABEL = re.compile(
    r'^"?\s*\(?\s*\(?([A-J])\s*\)\s*[:.,]?"?\s*(.*)$|^"([A-J])[:.)]?"\s*[:.]?\s*(.*)$|^([A-J])[.:]\s+(.*)$'
)
_LETTER = re.compile(r'^["(]*([A-J])[")]*$')
_TITLE = re.compile(r'^"?\s*(?:option|choice|answer|statement)s?\s+(?="?\(?[A-J]\b)', re.IGNORECASE)
_SEPARATED = re.compile(r"^[^a-z]*[A-J][\")]*\s*(?:[,;&]|\"?\s*and)\s*[\"(]*[A-J]\b")
Same = Callable[[str, str], bool | None]


def options(question: str) -> Mapping[str, str]:
    """The options of a question by their letters, if these are A, B, and so on."""
    found = list(_OPTION.finditer(question))
    letters = [match[1] or match[2] for match in found]
    if len(letters) < _FEWEST or letters != list("ABCDEFGHIJ")[: len(letters)]:
        return {}
    ends = [match.start() for match in found[1:]] + [len(question)]
    texts = [question[m.end() : end].strip(" \n,;") for m, end in zip(found, ends, strict=True)]
    return dict(zip(letters, texts, strict=True))


def chosen(
    wanted: str, given: str, offered: Mapping[str, str], same: Same
) -> bool | tuple[str, str]:
    """The verdict of letters; or both texts without them.

    A letter stands for its option, and a letter with a text that is not its option is wrong.
    """
    if offered or _SEPARATED.search(wanted):
        several, mine = _letters(wanted), _letters(given)
        if several and len(several) > 1:
            return several == mine
    (letter, rest), (said, claimed) = _lettered(wanted), _lettered(_TITLE.sub("", given))
    if said and claimed and said in offered and same(offered[said], claimed) is False:
        return False
    if letter and said:
        return said == letter and ((rest, claimed) if claimed and rest else True)
    if letter:
        return (rest, given) if rest else _is_option(letter, given, offered, same)
    return _named(wanted, given, (said, claimed), offered, same) if said else (wanted, given)


def _named(
    wanted: str, given: str, named: tuple[str, str], offered: Mapping[str, str], same: Same
) -> bool | tuple[str, str]:
    """The verdict where only the answer has a letter, perhaps with a text; or both texts."""
    said, claimed = named
    if not claimed and said in offered:
        return same(wanted, offered[said]) is True or wanted.strip() == said
    return (wanted, claimed) if claimed else (wanted, given)


def _letters(text: str) -> frozenset[str]:
    """The letters of a text that has nothing else; empty for any other text."""
    bare = re.sub(r"[\s,;&\"()]|\band\b", "", text)
    return (
        frozenset(bare)
        if re.fullmatch(r"[A-J]+", bare) and len(set(bare)) == len(bare)
        else frozenset()
    )


def _is_option(letter: str, given: str, offered: Mapping[str, str], same: Same) -> bool:
    """Whether a text is the option of a letter, and no other option."""
    fit = [name for name, text in offered.items() if same(text, given)]
    return fit == [letter]


def _lettered(text: str) -> tuple[str, str]:
    """The letter of an option, and the text behind it."""
    alone = _LETTER.match(text.strip())
    if alone and ("(" in text or '"' in text or len(text.strip()) == 1):
        return alone[1], ""
    match = _LABEL.match(text)
    if match is None:
        return "", text
    letter = match[1] or match[3] or match[5]
    return letter, (match[2] or match[4] or match[6] or "").strip(' "')
