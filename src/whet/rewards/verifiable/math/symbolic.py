"""Symbolic equality by math-verify, in worker processes, because it can hang or use all memory.

math-verify's own time limits work in main threads only and do not interrupt C code.  They are off
here, where the whole process has a limit.
"""


def agree(gold: str, answer: str) -> bool | None:
    """Whether two formulas are equal; None where the first, the task's own, cannot be read.

    The formulas are put in dollars, because `1,2` would be read as 1.2.  The gold answer comes
    first, because `verify` is not symmetric.
    """
    from math_verify import parse, verify

    wanted = parse(f"${gold}$", parsing_timeout=0)
    if all(isinstance(meaning, str) for meaning in wanted):
        return None  # what has no meaning comes back as the text it was
    found = parse(f"${answer}$", parsing_timeout=0)
    return verify(wanted, found, timeout_seconds=None)
