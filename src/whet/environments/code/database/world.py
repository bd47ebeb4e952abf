"""The world `database`: tables are looked at, and a query is the answer."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from string import printable
from tempfile import TemporaryDirectory
from typing import ClassVar

from whet.calls.tools import Tool
from whet.environments.code.database.desk import Desk
from whet.environments.code.database.questions import KINDS, Asked
from whet.environments.code.database.reading import judged
from whet.environments.code.database.schemas import (
    DOMAINS,
    Schema,
    filled,
    schema_of,
    written,
)
from whet.environments.levels import check_level
from whet.environments.tool_talk import overspent, quick, talk
from whet.protocols import Bot, Policy, World
from whet.rewards.verifiable.fences import last_block
from whet.types import Finish, Prompt, Reason, Task, UsageError, Verdict

_TABLES = (3, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database(World):
    """A question about a database of 3 to 5 tables, which a SELECT answers.

    The tools are `tables()`, `schema("orders")`, and `query("SELECT …")`, which shows up to 50
    rows.  In plain text a call stands alone on a line.  Any other reply is the answer: one SELECT,
    perhaps in a fenced block; an empty reply ends the play as illegal.

    | level | query | question |
    |---|---|---|
    | 1 | a condition | `name of customers with city Delft?` |
    | 2 | groups | `kind and the sum of price of products, for each kind?` |
    | 3 | a join and a condition | `name of ships and days of their voyages, with days above 20?` |
    | 4 | a join and groups | `name of clubs and the largest age of their players, where there …?` |

    The score is 1 if the answer has the rows of the right query in the database that the tools
    read, and in a second one with the same tables and other rows, else 0.  Rows are compared as the
    reward `sql` does it, with columns in the order of the question.  So rows that are copied into a
    query earn nothing.  `parts` has `executes`, and `first`: right in the first database.

    Queries only read, and run in worker processes.  They end after 500,000 steps of SQLite's
    machine or 5 s; that, and a query that fails, is the policy's failure.  The death of a worker
    process is a fault.

    `calls` limits the calls of a play; with 0 there are no tools.  Raises `UsageError` for a
    negative limit.
    """

    levels: ClassVar[tuple[int, int]] = (1, 4)
    alphabet: ClassVar[str] = printable[:95] + "\n"
    rules: str = (
        'Answer with one SELECT of SQLite. tables() lists the tables, schema("orders") shows one, '
        'and query("SELECT ...") runs a query. Reply with one such call, or with the answer '
        "alone.\n"
    )  # put before the question; "" for a small model
    calls: int = 12

    def __post_init__(self) -> None:
        if self.calls < 0:
            raise UsageError(f"database.calls is {self.calls}; give 0 or more")

    def draw(self, rng: Random, level: int) -> Task:
        check_level(self, level)
        domain, tables = rng.choice([*DOMAINS]), rng.randint(*_TABLES)
        seed = rng.randrange(2**32)
        question, query = _drawn(schema_of(domain, tables), level, seed)
        info = {"world": "database", "level": level, "turns": self.calls + 2}
        return Task(
            id=f"database/{level}/{domain}/{tables}/{seed}",
            prompt=f"{self.rules}{question}\n",
            answer=query,
            info=info | {"domain": domain, "tables": tables, "rows": seed},
        )

    def canonical(self, task: Task) -> str:
        info = task.info
        return f"database/{info['domain']}/{info['tables']}/{info['rows']}/{task.answer}"

    async def play(self, task: Task, policy: Policy) -> Verdict:
        schema = _schema(task)
        with _files(schema, task.info["rows"]) as paths:
            desk = Desk(schema, paths[0])
            tools = (quick(desk.tables), quick(desk.schema), Tool.of(desk.query))
            reply = (await talk(task, policy, tools, self.calls)).reply
            if reply is None:
                return overspent()
            query = (last_block(reply.words) or reply.words).strip()
            if not query:
                return Verdict.failure(Reason.BAD_FORMAT, finish=Finish.ILLEGAL)
            return await asyncio.to_thread(judged, paths, query, task.answer)

    def expert(self, task: Task, rng: Random) -> Bot:
        """Looks at the tables and at the first one of the question, and writes the known query."""
        del rng
        table = task.answer.partition(" FROM ")[2].split()[0]
        replies = iter(["tables()", f'schema("{table}")'])

        async def write(observation: Prompt, options: Sequence[str]) -> str:
            del observation, options
            return next(replies, task.answer)

        return write


def _schema(task: Task) -> Schema:
    return schema_of(task.info["domain"], task.info["tables"])


def _dice(seed: int) -> tuple[Random, Random]:
    """The dice of the rows of both databases."""
    return Random(f"first {seed}"), Random(f"second {seed}")


@contextmanager
def _files(schema: Schema, seed: int) -> Iterator[tuple[str, str]]:
    """The paths of both databases, until the play ends."""
    with TemporaryDirectory(prefix="whet-database-") as folder:
        paths = str(Path(folder, "first.db")), str(Path(folder, "second.db"))
        for path, rng in zip(paths, _dice(seed), strict=True):
            written(schema, rng, path)
        yield paths


def _drawn(schema: Schema, level: int, seed: int) -> Asked:
    """A question that has rows in both databases, and not the same ones."""
    rng = Random(f"question {seed}")
    one, two = (filled(schema, dice) for dice in _dice(seed))
    with closing(one), closing(two):
        while True:
            question, query = KINDS[level](schema, rng)
            found = [sorted(database.execute(query).fetchall()) for database in (one, two)]
            if all(found) and found[0] != found[1]:
                return question, query
