"""Symbolic equality by math-verify, for worker processes: it can hang, and it can eat the memory.

math-verify's own limits work in main threads only, and not on what is deep in C; they are off here,
where the whole process is under a limit.
"""


def agree(gold: str, answer: str) -> bool | None:
    """Are two formulas equal?  None where the first, the task's own, can't be read.

    Wrapped in dollars, or `1,2` would be read as 1.2.  Gold comes first: `verify` isn't symmetric.
    """
    from math_verify import parse, verify

    wanted = parse(f"${gold}$", parsing_timeout=0)
    if all(isinstance(meaning, str) for meaning in wanted):
        return None  # what has no meaning comes back as the text it was
    found = parse(f"${answer}$", parsing_timeout=0)
    return verify(wanted, found, timeout_seconds=None)
