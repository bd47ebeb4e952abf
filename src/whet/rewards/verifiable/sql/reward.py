"""The reward `sql`: extract the query, run it on random databases, compare the results."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isclose
from time import perf_counter
from typing import Any

from whet.protocols import Reward
from whet.rewards.verifiable.extraction import after_think, tagged, with_open_think
from whet.rewards.verifiable.fences import blocks, inline_block, is_open
from whet.rewards.verifiable.sql.running import QueryResult, Question, Unanswered, asked, compared
from whet.rewards.verifiable.verdicts import no_answer, nothing_to_compare
from whet.sandbox.workers import Workers
from whet.types import Reason, Rollout, UsageError, Verdict

_FEWEST = 3  # databases: on one, an empty result agrees with every condition that is never true
_SQL = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(?:select|with)\b", re.IGNORECASE | re.DOTALL)
_LABELS = frozenset(("sql", "sqlite", "sqlite3", "mysql", "postgresql", "postgres"))


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryCredit(ABC):
    """The score of a query, from what it got right."""

    @abstractmethod
    def __call__(self, found: QueryResult) -> float:
        """The score of a query that stands in a fenced block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(QueryCredit):
    """1 where the results match, else 0."""

    def __call__(self, found: QueryResult) -> float:
        return float(found.reason == "ok")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryTiers(QueryCredit):
    """`block` for a fenced block, plus `executes` if it runs, plus `matches` if its results match.

    The idea is unconfirmed; the weights are ours.  A wrong query that runs earns something.
    """

    block: float = 0.1
    executes: float = 0.2
    matches: float = 0.7

    def __post_init__(self) -> None:
        shares = (self.block, self.executes, self.matches)
        if min(shares) < 0 or not isclose(sum(shares), 1):
            raise UsageError(f"tiers are {shares}; give three shares that sum to 1")

    def __call__(self, found: QueryResult) -> float:
        earned = self.block + self.executes * found.executes
        return 1.0 if found.reason == "ok" else earned


@dataclass(frozen=True, slots=True, kw_only=True)
class InOrder:
    """Columns must be in the order of the right query."""

    orders: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOrder:
    """Columns may be in any order, up to seven of them."""

    orders: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql(Reward):
    """1 where the query gives the task query's results on each of some random databases, else 0.

    The task's answer is the right query; `info["sql"]` has the `schema`, as CREATE statements of
    SQLite, MySQL or PostgreSQL, and perhaps a `seed`.  The databases contain the constants of both
    queries, what these compute from constants, and values beside them, duplicates, ties, NULLs, and
    tables with few rows or none; the schema's constraints hold.  Rows are compared as a multiset.
    If the right query's outermost SELECT has ORDER BY, they are compared in order; rows that it
    leaves tied may have any order, and where its LIMIT takes some of them, it may be any of them.

    The query is one SELECT that only reads: the last fenced block of SQL after the thoughts, or the
    content of `<answer>…</answer>`, or a reply that is nothing else.  Too many steps or rows, and a
    query that hangs, are the policy's failure.  A right query that fails is a fault, and so is one
    that finds rows on fewer than `instances` databases or nearly always gives the same answer.  The
    limits of steps, rows and time are unconfirmed.
    """

    credit: QueryCredit = Match()
    columns: InOrder | AnyOrder = InOrder()
    instances: int = 3  # databases, at least, on which the right query finds rows
    rows: int = 12  # of each table, about
    steps: int = 2_000_000  # of SQLite's machine
    most: int = 10_000  # rows of an answer
    limit_s: float = 20.0
    longest: int = 10_000  # characters of a query
    workers: int = 2

    def __post_init__(self) -> None:
        least = {"instances": _FEWEST, "rows": 3, "steps": 1000, "most": 1}
        for name, floor in least.items():
            if getattr(self, name) < floor:
                raise UsageError(f"sql.{name} is {getattr(self, name)}; give {floor} or more")

    def score(self, rollout: Rollout) -> Verdict:
        start = perf_counter()
        verdict = self._judge(rollout)
        return replace(verdict, cost_ms=1000 * (perf_counter() - start))

    def _judge(self, rollout: Rollout) -> Verdict:
        task = rollout.task
        told = task.info.get("sql")
        if not task.answer.strip():
            return nothing_to_compare(rollout)
        if not isinstance(told, Mapping) or not told.get("schema"):
            return Verdict.unjudged(f"task {task.id!r} has no schema in info['sql']")
        try:
            return self._answered(rollout, self._question(task.answer, told))
        except Unanswered as unanswered:
            return Verdict.unjudged(f"task {task.id!r}: {unanswered}")

    def _answered(self, rollout: Rollout, question: Question) -> Verdict:
        text = after_think(with_open_think(rollout.turns))
        if text is None:
            return Verdict.failure(Reason.TRUNCATED, note="the thoughts never end")
        query = query_of(text).rstrip("; \n")
        if not query:
            return no_answer(rollout)
        if len(query) > self.longest:
            return Verdict.failure(Reason.WRONG, note=f"{len(query)} characters")
        return self._verdict(self._found(question, query))

    def _question(self, gold: str, told: Mapping[str, Any]) -> Question:
        schema = told["schema"]
        return Question(
            schema=schema if isinstance(schema, str) else ";\n".join(schema),
            gold=gold.strip(),
            seed=int(told.get("seed") or 0),
            rows=self.rows,
            instances=self.instances,
            steps=self.steps,
            most=self.most,
            orders=self.columns.orders,
        )

    def _found(self, question: Question, query: str) -> QueryResult:
        workers = Workers(count=self.workers, limit_s=self.limit_s)
        try:
            return workers.call(compared, question, query)
        except TimeoutError as late:
            self._check(workers, question)
            return QueryResult(reason="timeout", note=str(late))

    def _check(self, workers: Workers, question: Question) -> None:
        """Raises `Unanswered` where the right query by itself is too slow, or can't be asked."""
        try:
            workers.call(asked, question)
        except TimeoutError:
            said = f"its own query takes more than {self.limit_s:g} s on its databases"
            raise Unanswered(said) from None

    def _verdict(self, found: QueryResult) -> Verdict:
        correct = found.reason == "ok"
        parts = {"executes": float(found.executes), "match": float(correct)}
        return Verdict(
            reason=Reason(found.reason),
            score=self.credit(found),
            correct=correct,
            parts=parts,
            note=found.note,
        )


def query_of(text: str) -> str:
    """The query of a text without thoughts; empty where there is none, or where it never ends."""
    content = tagged(text)
    held = text if content is None else content
    if is_open(held):
        return ""
    found = [one.content for one in blocks(held) if one.label in _LABELS or _SQL.match(one.content)]
    alone = [one.content for one in blocks(held)] or [inline_block(held) or ""]
    if found or alone[-1]:
        return (found or alone)[-1].strip()
    return held.strip() if content is not None or _SQL.match(held) else ""
