"""Where a judge of somebody's own is written: a file or a module, read and not run."""

import ast
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from whet.registry import nearest
from whet.rewards._forms import CallForm, FormError, Said, TraceForm, form_of
from whet.rewards._script import ScriptLocation, call, check, digest_of, form_at
from whet.sandbox.workers import Workers
from whet.types import Finish, Reason, Rollout, UsageError, Verdict

T = TypeVar("T")
USUAL = ("score", "compute_score", "reward_func")  # ours, veRL's, OpenRLHF's
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MODULE = "from whet.rewards._script import imported\n\nmodule = imported({!r}, {!r})\n"


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a judge, and how a worker gets at it."""

    path: str  # as the user wrote it
    text: str

    @classmethod
    def read(cls, path: str) -> "Source":
        """Raises `UsageError` where there is nothing, or no Python."""
        try:
            text = _located(path)[0].read_text(encoding="utf-8")
            ast.parse(text)
        except (SyntaxError, ValueError) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"script.path is {path!r}, which is no Python: {error}") from None
        return cls(path, text)

    def place(self, name: str) -> ScriptLocation:
        """Where a worker finds what is called `name`."""
        what = f"{name} of {self.path}"
        if self.path.endswith(".py"):
            return ScriptLocation(str(Path(self.path).resolve()), self.text, name, what)
        program = _MODULE.format(self.path, digest_of(self.text))
        root = _root(self.path, str(Path.cwd()))
        return ScriptLocation(f"{root}/{self.path}", program, f"module.{name}", what)

    def usual(self) -> str:
        """The name that a judge has where nobody gives one."""
        tree = ast.parse(self.text)
        return next((n for n in USUAL if _binds(tree, n)), USUAL[0])

    def form(self, name: str) -> CallForm | None:
        """The form of a function or class, as far as can be told without running anything.

        Raises `UsageError` where nothing of that name can be there, or it has no form at all.
        """
        tree = ast.parse(self.text)
        defined = {n.name: n for n in tree.body if isinstance(n, (*_FUNCTIONS, ast.ClassDef))}
        found, (first, *inside) = defined.get(name), name.split(".")
        if found is None and not _binds(tree, first):
            hint = nearest(name, defined) if defined else "it defines no function"
            raise UsageError(f"script.function {name!r} is not in {self.path}; {hint}")
        if isinstance(found, ast.ClassDef):
            marked = any("reward" in ast.unparse(d) for d in _decorators(found))
            return TraceForm() if marked else None
        if found is None or inside or found.decorator_list:
            return None
        try:
            return form_of(*_parameters(found), f"{name} of {self.path}")
        except FormError as unfit:
            raise UsageError(str(unfit)) from None


def form_in(source: Source, name: str, workers: Workers) -> CallForm:
    """The form, by running the file in a worker where its text doesn't tell."""
    known = source.form(name)
    return _called(form_at, source.place(name), workers) if known is None else known


def check_import(place: ScriptLocation, workers: Workers) -> None:
    """Raise `UsageError` where the judge's file can't be executed."""
    _called(check, place, workers)


def _called(function: Callable[[ScriptLocation], T], place: ScriptLocation, workers: Workers) -> T:
    """What a worker makes of a judge's file; whatever the file raises is one line."""
    try:
        return workers.call(function, place)
    except FormError as unfit:
        raise UsageError(str(unfit)) from None
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".removeprefix("Failed: ").split())
        raise UsageError(f"reward {place.what} can't be imported: {reason}; mend it") from error


def ask(
    place: ScriptLocation, form: CallForm | None, workers: Workers, rollouts: Sequence[Rollout]
) -> list[Verdict]:
    """The verdicts of a function on these rollouts; all at once, so give it what it takes."""
    try:
        found = workers.call(call, place, form, [_said(rollout) for rollout in rollouts])
    except FormError as unfit:
        raise UsageError(str(unfit)) from None
    verdicts = []
    for score, correct, parts, note, applicable in found:
        if score is None:
            absent = Verdict.unjudged if applicable else Verdict.not_applicable
            verdicts.append(absent(note))
            continue
        lacking = Reason.PARTIAL if score > 0 else Reason.WRONG
        reason = lacking if correct is False else Reason.OK
        verdicts.append(
            Verdict(reason=reason, score=score, correct=correct, parts=parts, note=note)
        )
    return verdicts


def workers_for(place: ScriptLocation, count: int, limit_s: float) -> Workers:
    """Processes that have executed the judge's file before any clock runs."""
    return Workers(count=count, limit_s=limit_s, scripts=((place.path, place.program),))


def _said(rollout: Rollout) -> Said:
    task = rollout.task
    plain = task.prompt if isinstance(task.prompt, str) else [dict(m) for m in task.prompt]
    return Said(
        task_id=task.id,
        prompt=plain,
        turns=rollout.turns,
        answer=task.answer,
        info=dict(task.info),
        ids=rollout.chosen_ids.tolist(),
        truncated=rollout.finish is Finish.LENGTH,
    )


def _located(path: str) -> tuple[Path, Path]:
    """The file of a path or of a dotted name, and where its imports start; nothing is run."""
    file = Path(path)
    if file.suffix == ".py" and file.is_file():
        return file, file.parent
    parts = path.split(".")
    if file.suffix != ".py" and all(part.isidentifier() for part in parts):
        for root in (Path.cwd(), *map(Path, sys.path)):
            inner = root.joinpath(*parts)
            for candidate in (inner.with_suffix(".py"), inner / "__init__.py"):
                if candidate.is_file():
                    return candidate, root
    raise UsageError(
        f"script.path is {path!r}; give a Python file that exists, or a module that can be imported"
    )


@lru_cache(maxsize=64)
def _root(module: str, directory: str) -> str:
    """From where a module is imported, in this working directory."""
    del directory
    return str(_located(module)[1].resolve())


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[list[str], list[str]]:
    """The names of its parameters, and of those without a default."""
    plain = [*node.args.posonlyargs, *node.args.args]
    needed = [a.arg for a in plain[: len(plain) - len(node.args.defaults)]]
    keyword = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    needed += [a.arg for a, default in keyword if default is None]
    return [a.arg for a in (*plain, *node.args.kwonlyargs)], needed


def _decorators(node: ast.ClassDef) -> Iterator[ast.expr]:
    for inner in node.body:
        if isinstance(inner, _FUNCTIONS):
            yield from inner.decorator_list


def _binds(tree: ast.Module, name: str) -> bool:
    """Could the file bind the name: by definition, assignment, import, or under a condition?"""
    nodes = list(_outside(tree))
    imports = [alias for n in nodes if isinstance(n, ast.ImportFrom) for alias in n.names]
    names = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names |= {alias.asname or alias.name for alias in imports}
    names |= {n.name for n in nodes if isinstance(n, (*_FUNCTIONS, ast.ClassDef))}
    return name in names or "*" in names


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """Everything that is not inside a function or a class."""
    for inner in ast.iter_child_nodes(node):
        yield inner
        if not isinstance(inner, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            yield from _outside(inner)
