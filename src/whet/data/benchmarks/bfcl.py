"""BFCL: calls of functions that a question asks for (Berkeley Function Calling Leaderboard)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from whet.data.benchmark_file import BenchmarkFile
from whet.data.benchmark_row import BenchmarkRow
from whet.data.formats import stamp
from whet.data.function_docs import FunctionDoc, function_docs
from whet.data.possible_answers import PossibleAnswers, possible_answers
from whet.data.prompts import ROLES
from whet.types import Prompt, Task, UsageError

_NO_CALL = ("irrelevance_", "live_irrelevance_")  # how ids begin
_OTHERS = (
    "multi_turn", "java", "simple_java", "web_search", "memory", "format_sensitivity",
    "live_relevance", "exec_", "rest", "sql", "chatable",
)  # fmt: skip
_CATEGORIES = "simple, multiple, parallel and irrelevance, live or not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bfcl(BenchmarkFile):
    """The rows of one category of BFCL in Python, judged by `acceptable_calls`.

    `path` is a file of questions, such as `BFCL_v3_simple.json`.  `answers` is the file of the same
    name in the folder `possible_answer` beside it, unless another is named.  The categories are
    simple, multiple, parallel, parallel_multiple, and irrelevance, which has no file of answers,
    since no call is right; and the live ones of these.  Those of several turns, in Java or
    JavaScript, and for agents are refused.

    The columns of questions are `id`, `question` (a list of turns, each a list of messages) and
    `function` (a list of descriptions); of answers `id` and `ground_truth`, a list with one object
    `{function: {argument: [value, …]}}` for each call, in which the value "" says that the argument
    may be left out.  The functions are offered to the model as tools, with the types of JSON Schema
    in place of Python's, so the model needs a chat template with tools.

    Sources: the authors' data and code (github.com/ShishirPatil/gorilla,
    berkeley-function-call-leaderboard, which calls version 4 what is read here).
    """

    answers: str = ""
    family: ClassVar[str] = "bfcl"
    card: ClassVar[str] = "gorilla-llm/Berkeley-Function-Calling-Leaderboard"

    def stamps(self) -> tuple[int, ...]:
        place = self._answers()
        return stamp(self.path), stamp(str(place)) if place.is_file() else 0

    def read(self, row: BenchmarkRow) -> Task:
        name = row.text("id")
        if name.startswith(_OTHERS):
            raise row.wrong("id", f"this category is not read; give one of {_CATEGORIES}")
        docs = function_docs(row)
        return Task(
            id=f"{self.family}/{name}",
            prompt=_prompt(row),
            info={
                "family": self.family,
                "verifier": "acceptable_calls",
                "acceptable_calls": self._wanted(row, name, docs),
            },
            tools=tuple(doc.tool for doc in docs.values()),
        )

    def _wanted(
        self, row: BenchmarkRow, name: str, docs: Mapping[str, FunctionDoc]
    ) -> list[dict[str, Any]]:
        if name.startswith(_NO_CALL):
            return []
        held = self._possible()
        if name not in held.calls:
            raise row.wrong(
                "id", f"{held.path} has no answer to it; give the file of this category"
            )
        return [_call(row, held, call, docs) for call in held.calls[name]]

    def _possible(self) -> PossibleAnswers:
        place = self._answers()
        if not place.is_file():
            raise UsageError(
                f"bfcl.answers is {str(place)!r}, which is no file; give the file of possible "
                f"answers to {self.path}"
            )
        return possible_answers(str(place), stamp(str(place)))

    def _answers(self) -> Path:
        place = Path(self.path)
        if place.is_dir():
            raise UsageError(f"bfcl.path is {self.path!r}, a folder; give the file of one category")
        return Path(self.answers) if self.answers else place.parent / "possible_answer" / place.name


def _prompt(row: BenchmarkRow) -> Prompt:
    """The messages of the only turn; one of the live ones is blank."""
    turns = row.json("question")
    if not isinstance(turns, list) or len(turns) != 1 or not isinstance(turns[0], list):
        raise row.wrong("question", "give a list of one turn, itself a list of messages")
    for message in turns[0]:
        held = message if isinstance(message, Mapping) else {}
        if held.get("role") not in ROLES or not isinstance(held.get("content"), str):
            raise row.wrong("question", "give each message a role and a text as content")
    if not any(message["role"] == "user" for message in turns[0]):
        raise row.wrong("question", "give a message of the user")
    return tuple({"role": one["role"], "content": one["content"]} for one in turns[0])


def _call(
    row: BenchmarkRow,
    held: PossibleAnswers,
    call: Mapping[str, Mapping[str, Any]],
    docs: Mapping[str, FunctionDoc],
) -> dict[str, Any]:
    """A wanted call with what the description of its function says."""
    [(function, arguments)] = call.items()
    if function not in docs:
        raise row.wrong("function", f"{held.path} wants {function!r:.40}; describe it here")
    doc = docs[function]
    return {
        "name": function,
        "arguments": dict(arguments),
        "required": list(doc.required),
        "parameters": dict(doc.parameters),
    }
