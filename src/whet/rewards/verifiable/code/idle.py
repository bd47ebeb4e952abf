"""Programs that do nothing, to learn whether tests can fail.

What a test can fail by is hard to see in its text: its assertion may stand behind a `return`, in a
loop over nothing, or in a method that is never called.  So the tests are tried.
"""

import ast
from collections.abc import Iterator
from hashlib import sha256

from whet.rewards.verifiable.code.suite import Asserted, SuiteCase
from whet.sandbox import Limits, Sandbox

_RESULTS = ("None", "object()")
_TRIED: dict[str, bool] = {}
_MOST = 1 << 16  # answers that are remembered


def accept_anything(found: tuple[SuiteCase, ...], sandbox: Sandbox) -> bool:
    """Whether two programs pass all tests whose functions do nothing and return different things.

    Each suite is tried once in this process.
    """
    key = sha256(repr((sandbox, found)).encode(errors="surrogatepass")).hexdigest()
    if key not in _TRIED:
        if len(_TRIED) >= _MOST:
            _TRIED.clear()
        names = {name for case in found if isinstance(case, Asserted) for name in _wanted(case)}
        _TRIED[key] = all(
            case.run(_idle(names, result), sandbox, Limits())[0]
            for result in _RESULTS
            for case in found
        )
    return _TRIED[key]


def _idle(names: set[str], result: str) -> str:
    heads = (f"def {name}(*_, **__): return {result}\n" for name in sorted(names))
    return f"{''.join(heads)}print({result})\n"


def _wanted(case: Asserted) -> Iterator[str]:
    """All names in a test; those that the program doesn't give a meaning to do no harm."""
    yield from filter(str.isidentifier, case.names)
    for node in ast.walk(ast.parse(case.source)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias) and node.name.isidentifier():
            yield node.name
