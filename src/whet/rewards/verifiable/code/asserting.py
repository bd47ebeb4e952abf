"""What a source with assertions means.

Sources come from data sets in many forms: statements, `check(candidate)` that the caller is to
call, test functions, test classes, a comparison without `assert`, an asserted pair of a comparison
and a message.
"""

import ast
import importlib
import sys
from collections.abc import Iterable, Iterator

from whet.rewards.verifiable.code.reach import bound
from whet.rewards.verifiable.code.sources import Unusable, parsed

_SWALLOWING = frozenset({"AssertionError", "Exception", "BaseException"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_PAIR = 2  # a condition and a message
_ENDS = frozenset({"unittest.main", "pytest.main"})
_EXITS = ("exit", "quit", "sys.exit", "os._exit")
_FAILING = ("assert", "fail")  # how the methods begin with which a test fails


def meant(source: str, setup: str, entry: str) -> tuple[str, bool]:
    """The setup and what the source means behind it, and whether any program can fail by it.

    `entry` is the name of the function that `check` is called with; empty if it isn't known.
    """
    tree, before = parsed(source, "a test"), parsed(setup, "the setup of the tests")
    tree.body = [*_modules(tree), *_unguarded(tree.body, _ends(tree))]
    _Asserting().visit(tree)
    tree.body += _calls(tree, entry)
    _complete(tree)
    future = [x for x in tree.body if isinstance(x, ast.ImportFrom) and x.module == "__future__"]
    rest = (x for x in tree.body if x not in future)
    whole = ast.fix_missing_locations(ast.Module([*future, *before.body, *rest], []))
    return ast.unparse(whole), _asserts(whole)


def _unguarded(body: Iterable[ast.stmt], ends: frozenset[str]) -> Iterator[ast.stmt]:
    """The statements, with those under `if __name__ == "__main__":` in their place.

    `unittest.main()` is left out, for the harness runs all test classes.
    """
    for one in body:
        if isinstance(one, ast.If) and "__name__" in ast.unparse(one.test):
            yield from _unguarded(one.body, ends)
        elif not _is_end(one, ends):
            yield one


def _modules(tree: ast.Module) -> list[ast.stmt]:
    """Imports of the modules of Python that a source uses without importing them.

    A program that has to bring them could bring others of the same names.
    """
    used: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used.setdefault(node.value.id, set()).add(node.attr)
    names = (used.keys() & sys.stdlib_module_names) - set(bound(tree))
    return [ast.Import([ast.alias(name)]) for name in sorted(names) if _has(name, used[name])]


def _has(module: str, names: set[str]) -> bool:
    """Whether a module of Python has all these names."""
    try:
        found = importlib.import_module(module)
    except ImportError:  # it belongs to another system
        return False
    return all(hasattr(found, name) for name in names)


def _ends(tree: ast.Module) -> frozenset[str]:
    """Calls that start the tests or end the source, which the harness does itself."""
    brought = (x for x in tree.body if isinstance(x, ast.ImportFrom) and x.module == "unittest")
    return _ENDS | {x.asname or x.name for one in brought for x in one.names if x.name == "main"}


def _is_end(one: ast.stmt, ends: frozenset[str]) -> bool:
    """Whether a statement is one of these calls, or an exit that tells of success."""
    call = one.value if isinstance(one, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return False
    name, words = ast.unparse(call.func), [ast.unparse(word) for word in call.args]
    if name in _EXITS:
        return words in ([], ["0"]) or _is_end(ast.Expr(call.args[0]), ends)
    return name in ends


class _Asserting(ast.NodeTransformer):
    """A comparison that stands alone is asserted; so is the first of a pair with a message."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:  # noqa: N802 (the name is ast's)
        value = node.value
        inverted = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
        if isinstance(value, (ast.Compare, ast.BoolOp)) or inverted:
            return ast.Assert(value)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:  # noqa: N802
        pair = node.test.elts if isinstance(node.test, ast.Tuple) else []
        if len(pair) == _PAIR and isinstance(pair[1], (ast.Constant, ast.JoinedStr)):
            return ast.Assert(pair[0], pair[1])
        return node


def _calls(tree: ast.Module, entry: str) -> list[ast.stmt]:
    """A call of `check` with the function under test, where the source has none."""
    heads = {x.name: x for x in tree.body if isinstance(x, ast.FunctionDef)}
    check = heads.get("check")
    if check is None or "check" in _called(x for x in tree.body if x is not check):
        return []
    if _required(check) == 0 and not check.args.args:
        return ast.parse("check()").body
    if len(check.args.args) != 1 or _required(check) > 1:
        return []
    if not entry:
        raise Unusable("a test defines check(candidate) and never calls it; give tests.entry_point")
    return ast.parse(f"check({entry})").body


def _complete(tree: ast.Module) -> None:
    """Raise `Unusable` if a test function takes arguments that are never passed, as fixtures do."""
    for one in tree.body:
        is_class = isinstance(one, ast.ClassDef) and _is_tests(one)
        for head in one.body if isinstance(one, ast.ClassDef) and is_class else [one]:
            if not isinstance(head, _FUNCTIONS) or not head.name.startswith("test"):
                continue
            passed = _called(x for x in tree.body if x is not one)
            if _required(head) > is_class and not head.decorator_list and head.name not in passed:
                raise Unusable(f"{head.name} takes arguments, which are never passed")


def _required(head: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many arguments a function can't do without."""
    words = head.args
    plain = len(words.posonlyargs) + len(words.args) - len(words.defaults)
    return plain + sum(default is None for default in words.kw_defaults)


def _called(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that are called, or mentioned as an object, in these nodes."""
    return {x.id for node in nodes for x in ast.walk(node) if isinstance(x, ast.Name)}


def _asserts(tree: ast.Module) -> bool:
    """Whether something that is run can make a program fail."""
    heads = (*_FUNCTIONS, ast.ClassDef)
    named = {x.name: x for x in tree.body if isinstance(x, heads)}
    live: list[ast.AST] = [x for x in tree.body if not isinstance(x, heads)]
    live += [x for n, x in named.items() if n.startswith("test") or _is_tests(x)]
    reached, more = set[str](), _called(live)
    while more - reached:
        reached |= more
        more = _called(x for n, x in named.items() if n in reached)
    live += [x for n, x in named.items() if n in reached]
    return any(_fails(x) for node in live for x in _unswallowed(node))


def _is_tests(node: ast.AST) -> bool:
    """Whether the harness runs the methods of this class."""
    bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
    named = isinstance(node, ast.ClassDef) and node.name.startswith("Test")
    return named or any(base.endswith("TestCase") for base in bases)


def _unswallowed(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below this one, without those whose failure a handler hides."""
    yield node
    hidden = node.body if isinstance(node, ast.Try) and _swallows(node) else []
    for child in ast.iter_child_nodes(node):
        if child not in hidden:
            yield from _unswallowed(child)


def _swallows(node: ast.Try) -> bool:
    """Whether a failed assertion in the body is caught, and nothing fails in its place."""
    for handler in node.handlers:
        caught = _called([handler.type]) if handler.type is not None else _SWALLOWING
        if caught & _SWALLOWING:
            inner = (x for one in handler.body for x in _unswallowed(one))
            kept = (x for x in inner if _fails(x) or isinstance(x, (ast.Assign, ast.AugAssign)))
            return not any(kept)
    return False


def _fails(node: ast.AST) -> bool:
    """Whether the node can make a test fail."""
    if isinstance(node, ast.Assert):
        return not _always(node.test)
    if isinstance(node, ast.Raise):
        return True
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    return name.lstrip("_").startswith(_FAILING) or name in ("exit", "_exit")


def _always(node: ast.expr) -> bool:
    """Whether an expression is true whatever a program does."""
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, (ast.Tuple, ast.List)):
        return bool(node.elts)
    return isinstance(node, (ast.Lambda, ast.JoinedStr))
