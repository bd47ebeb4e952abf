"""Functions with bugs; replies are programs, which run in the sandbox."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from whet.environments.code.repair_function.exercise import Drawn, Exercise, Test, chosen
from whet.environments.code.repair_function.guest import CALL_ALL
from whet.environments.code.repair_function.on_lists import ON_LISTS
from whet.environments.code.repair_function.on_numbers import ON_NUMBERS
from whet.environments.code.repair_function.on_texts import ON_TEXTS
from whet.rewards.verifiable.fences import last_block
from whet.sandbox import Ending, Limits, Program, Sandbox
from whet.types import Reply

TEMPLATES = (*ON_NUMBERS, *ON_LISTS, *ON_TEXTS)

_LIMITS = Limits(wall_s=10.0, cpu_s=2.0, memory=256 << 20)
_ENDINGS = {
    Ending.EXIT: "the program ended",
    Ending.WALL: "stopped after 10 s",
    Ending.CPU: "stopped after 2 s of computing",
    Ending.OUTPUT: "stopped, for it prints too much",
}
_NAMED = re.compile(r"\bf\b")
_LONGEST = 10_000  # characters of a program
_SHOWN = 60  # characters of a value


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions(Exercise):
    """Functions `f` of 40 templates, with so many bugs."""

    bugs: int
    turns: int = 3

    def drawn(self, rng: Random) -> Drawn | None:
        template = rng.choice(TEMPLATES)
        one, two = rng.sample(range(2, 10), 2)
        numbers = {"$a": one, "$b": two}
        wrong = rng.sample(range(template.places), self.bugs)
        sources = template.source(numbers), template.source(numbers, wrong)
        inputs = [template.inputs(rng) for _ in range(60)]
        outcomes = [_trusted(source, inputs) for source in sources]
        found = chosen(rng, zip(inputs, *outcomes, strict=True))
        if found is None:
            return None
        visible, hidden, told = found
        right, buggy = sources
        return Drawn(buggy=buggy, right=right, visible=visible, hidden=hidden, outcomes=told)

    def opening(self, drawn: Drawn) -> str:
        return f"```python\n{drawn.buggy}\n```\n"

    def read(self, reply: Reply) -> str | None:
        block = last_block(reply.words)
        return (reply.words if block is None else block).strip() or None

    async def run(self, source: str, inputs: Sequence[list[Any]], sandbox: Sandbox) -> list[str]:
        if _NAMED.search(source) is None:
            return ["no function f"] * len(inputs)
        if len(source) > _LONGEST:
            return ["a program that is too long"] * len(inputs)
        program = Program(
            source=CALL_ALL,
            stdin=json.dumps(inputs).encode(),
            files={"solution.py": source.encode(errors="surrogatepass")},
        )
        done = await asyncio.to_thread(sandbox.run, program, _LIMITS)
        lines = done.stdout.decode(errors="replace").splitlines()[: len(inputs)]
        return lines + [_ENDINGS[done.ending]] * (len(inputs) - len(lines))

    def told(self, visible: Sequence[Test], outcomes: Sequence[str]) -> str:
        return "".join(
            f"f({json.dumps(arguments)[1:-1]}) is {value}, not {outcome[:_SHOWN]}\n"
            for (arguments, value), outcome in zip(visible, outcomes, strict=True)
            if value != outcome
        )


def _trusted(source: str, inputs: Sequence[list[Any]]) -> list[str]:
    """What a function of a template returns; it is ours, so it needs no sandbox."""
    names: dict[str, Any] = {}
    exec(source, names)
    return [_outcome(names, arguments) for arguments in inputs]


def _outcome(names: Mapping[str, Any], arguments: list[Any]) -> str:
    try:
        return json.dumps(names["f"](*json.loads(json.dumps(arguments))))
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        return type(error).__name__
