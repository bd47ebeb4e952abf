"""Test-time strategies from a text: `majority, budget_forcing(waits=4), revision+majority`."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from whet.evaluation.test_time.attempt import Attempt
from whet.evaluation.test_time.beam import Beam
from whet.evaluation.test_time.best_of_n import BestOfN
from whet.evaluation.test_time.budget_forcing import BudgetForcingAttempt
from whet.evaluation.test_time.choice import AnswerChoice
from whet.evaluation.test_time.early_stop import EarlyStop
from whet.evaluation.test_time.majority import MajorityChoice
from whet.evaluation.test_time.revision import Revision
from whet.evaluation.test_time.strategy import TestTime
from whet.evaluation.test_time.weighted_vote import WeightedVote
from whet.rewards.dense.step_models import StepModel
from whet.types import UsageError

_KINDS: Mapping[str, type[Attempt] | type[AnswerChoice]] = {
    kind.name: kind
    for kind in (
        MajorityChoice,
        WeightedVote,
        BestOfN,
        EarlyStop,
        BudgetForcingAttempt,
        Revision,
        Beam,
    )
}
_SCALARS = (int, float, str)
_BITS = 63  # of a number; Python does not print every larger one
_Steps = dict[str, Any]  # what a beam search has besides its settings


def strategies_of(
    text: str, model: StepModel | None = None, mark: str = "\n\n"
) -> tuple[TestTime, ...]:
    """The strategies of a text: names with commas between, each with settings in brackets.

    `revision(revisions=2)+majority` is mixed: a choice among several attempts.  `model` is the step
    model of `beam`, `mark` ends its steps.  Raises `UsageError` for a text that names no strategy,
    with those there are, and for one that needs a step model without one.
    """
    found = tuple(_strategy(node, {"model": model, "mark": mark}) for node in _nodes(text))
    for one in found:
        if model is None and one.choice.scored:
            raise _without_model(one.label)
    labels = [one.label for one in found]
    for label in labels:
        if labels.count(label) > 1:
            raise UsageError(f"test_time has {label} twice; give it once")
    return found


def _nodes(text: str) -> Sequence[ast.expr]:
    try:
        tree = ast.parse(f"[{text}]", mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise _unknown(text) from None
    if not isinstance(tree, ast.List) or not tree.elts:
        raise _unknown(text)
    return tree.elts


def _strategy(node: ast.expr, steps: _Steps) -> TestTime:
    if not isinstance(node, ast.BinOp):
        part = _part(node, steps)
        return TestTime(attempt=part) if isinstance(part, Attempt) else TestTime(choice=part)
    attempt, choice = _part(node.left, steps), _part(node.right, steps)
    if not isinstance(node.op, ast.Add) or not (
        isinstance(attempt, Attempt) and isinstance(choice, AnswerChoice)
    ):
        raise UsageError(
            f"test_time has {_shown(node)!r}; give an attempt + a choice, such as revision+majority"
        )
    return TestTime(attempt=attempt, choice=choice)


def _part(node: ast.expr, steps: _Steps) -> Attempt | AnswerChoice:
    call = node if isinstance(node, ast.Call) else None
    name = node if call is None else call.func
    if not isinstance(name, ast.Name) or name.id not in _KINDS:
        raise _unknown(_shown(node))
    kind = _KINDS[name.id]
    given = {} if call is None else _settings(kind, call)
    if issubclass(kind, Beam):
        if steps["model"] is None:
            raise _without_model(kind.name)
        return kind(**(steps | given))
    return kind(**given)


def _settings(kind: type[Attempt] | type[AnswerChoice], call: ast.Call) -> dict[str, Any]:
    """The settings in the brackets: numbers and texts."""
    defaults: dict[str, Any] = {
        field.name: field.default
        for field in fields(kind)  # pyright: ignore[reportArgumentType]
        if type(field.default) in _SCALARS
    }
    known = ", ".join(defaults) or "none"
    if call.args:
        raise UsageError(f"test_time has {_shown(call)!r}; give settings by name, such as waits=2")
    found: dict[str, Any] = {}
    for keyword in call.keywords:
        if keyword.arg in found:
            raise UsageError(f"test_time {kind.name} has {keyword.arg} twice; give it once")
        if keyword.arg not in defaults:
            raise UsageError(f"test_time {kind.name} has no {keyword.arg!r}; its settings: {known}")
        found[keyword.arg] = _literal(kind.name, keyword, type(defaults[keyword.arg]))
    return found


def _literal(name: str, keyword: ast.keyword, kind: type) -> Any:
    try:
        value = ast.literal_eval(keyword.value)
    except (ValueError, TypeError):  # no literal, or a set of lists
        value = None
    if type(value) is int and value.bit_length() > _BITS:
        raise UsageError(f"test_time {name}.{keyword.arg} has more than {_BITS} bits; give fewer")
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        words = {int: "a whole number", float: "a number", str: "a text in quotes"}
        raise UsageError(
            f"test_time {name}.{keyword.arg} is {_shown(keyword.value)}; give {words[kind]}"
        )
    return value


def _shown(node: ast.expr) -> str:
    """The beginning of a node's text; Python writes no number of thousands of digits."""
    try:
        return f"{ast.unparse(node):.60}"
    except (ValueError, RecursionError):
        return "…"


def _without_model(label: str) -> UsageError:
    return UsageError(f"test_time {label} needs a step model; give --step-model FOLDER")


def _unknown(text: str) -> UsageError:
    return UsageError(
        f"test_time is {text!r:.60}; give names with commas between: {', '.join(_KINDS)}, with "
        "settings in brackets, such as budget_forcing(waits=2), and + before a choice, such as "
        "revision+majority"
    )
