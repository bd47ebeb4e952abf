"""A judge of your own: any Python function, in any file."""

import ast
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from whet.registry import nearest
from whet.rewards._script import OFFERED, Unfit, call
from whet.rewards.workers import Workers
from whet.types import Reason, Refusal, Rollout, Verdict

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What `function` of the file `path` says of a rollout.

        def score(prompt, reply, answer, info, task_id): ...

    It names those of the five that it wants, in any order; a parameter with a default of its own
    may be anything.  It returns a bool, or a number, of which 1 or more counts as correct; or a
    dict with `score`, perhaps `correct`, and numbers to be logged beside them.

    It runs in worker processes that are killed after `limit_s`; what it raises, and such an end,
    is a fault and no score.  The file is read once: what is written into it later is another judge.
    """

    path: str
    function: str = "score"
    limit_s: float = 5.0
    workers: int = 2
    digest: str = field(init=False)  # of the source, for the run's card
    source: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the file, without running it, for what can be known of it already."""
        place = Path(self.path)
        if place.suffix != ".py" or not place.is_file():
            raise Refusal(f"script.path is {self.path!r}; give a Python file that exists")
        try:
            source = place.read_text(encoding="utf-8")
            tree = ast.parse(source)
        except (SyntaxError, ValueError) as error:
            raise Refusal(f"script.path is {self.path!r}, which is no Python: {error}") from None
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "digest", blake2b(source.encode(), digest_size=8).hexdigest())
        defined = {node.name: node for node in tree.body if isinstance(node, _FUNCTIONS)}
        if self.function in defined:
            self._check(defined[self.function])
        elif not _may_bind(tree, self.function):
            hint = nearest(self.function, defined) if defined else "it defines no function"
            raise Refusal(f"script.function {self.function!r} is not in {self.path}; {hint}")

    def score(self, rollout: Rollout) -> Verdict:
        """Ask the function."""
        task = rollout.task
        values = (task.prompt, rollout.reply, task.answer, dict(task.info), task.id)
        offered = dict(zip(OFFERED, values, strict=True))
        path = str(Path(self.path).resolve())
        script = (path, self.source)
        workers = Workers(count=self.workers, limit_s=self.limit_s, scripts=(script,))
        try:
            score, correct, parts = workers.call(call, *script, self.function, offered)
        except Unfit as unfit:
            raise Refusal(str(unfit)) from None
        lacking = Reason.PARTIAL if score > 0 else Reason.WRONG
        reason = lacking if correct is False else Reason.OK
        return Verdict(reason=reason, score=score, correct=correct, parts=parts)

    def _check(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if isinstance(node, ast.AsyncFunctionDef):
            raise Refusal(f"{self.function} of {self.path} is async; give a plain function")
        plain = node.args.args[: len(node.args.args) - len(node.args.defaults)]
        needed = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        for name in (a.arg for a in (*plain, *(a for a, default in needed if default is None))):
            if name not in OFFERED:
                hint = nearest(name, OFFERED)
                raise Refusal(f"{self.function} of {self.path} wants {name!r}; {hint}")


def _may_bind(tree: ast.Module, name: str) -> bool:
    """Could the file get the name otherwise: by assignment, import, or under a condition?"""
    nodes = list(ast.walk(tree))
    imports = [alias for n in nodes if isinstance(n, ast.ImportFrom) for alias in n.names]
    names = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names |= {alias.asname or alias.name for alias in imports}
    names |= {n.name for n in nodes if isinstance(n, _FUNCTIONS)}
    return name in names or "*" in names
