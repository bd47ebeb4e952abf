"""Database: a play by hand, a second database, and queries that do harm or never end."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from environments.playing import played, saying

from whet.environments.code.database import Database, reading
from whet.environments.code.database.questions import KINDS
from whet.environments.code.database.schemas import DOMAINS, Link, described, filled, schema_of
from whet.sandbox.workers import Died
from whet.types import Fault, Finish, Reason, UsageError

WORLD = Database(rules="")
GOLD = "SELECT name FROM customers WHERE city = 'Delft'"


def task_of(gold=GOLD, seed=5):
    """A question about the shop of three tables."""
    task = WORLD.draw(Random(0), 1)
    info = {**task.info, "domain": "shop", "tables": 3, "rows": seed}
    return replace(task, prompt="?\n", answer=gold, info=info)


def rows_of(query, which="first", seed=5):
    return filled(schema_of("shop", 3), Random(f"{which} {seed}")).execute(query).fetchall()


def judged(reply, gold=GOLD):
    return played(WORLD, task_of(gold), saying(reply)).verdict


def test_a_play_by_hand():
    said = played(
        WORLD,
        task_of(),
        saying("tables()", 'schema("orders")', f'query("{GOLD}")', f"```sql\n{GOLD}\n```"),
    )
    rows = "\n".join(f'["{name}"]' for (name,) in rows_of(GOLD))
    assert said.observations() == [
        "?\n",
        "\ncustomers\norders\nproducts\n",
        "\norders(id, customer_id -> customers, day INTEGER)\n",
        f"\n{rows}\n",
    ]
    assert said.verdict.correct
    assert said.verdict.parts == {"executes": 1, "first": 1}


@pytest.mark.parametrize(
    "query",
    [
        "select name from customers where city='Delft'",
        "WITH d AS (SELECT * FROM customers WHERE city = 'Delft') SELECT name FROM d",
        "SELECT name FROM customers WHERE city = 'Delft' ORDER BY name DESC",
    ],
)
def test_another_query_with_the_same_rows_is_right(query):
    assert judged(query).correct


@pytest.mark.parametrize(
    "query",
    [
        "SELECT city FROM customers WHERE city = 'Delft'",
        "SELECT name, city FROM customers WHERE city = 'Delft'",
        "SELECT name FROM customers",
        "SELECT nome FROM customers",
        "Delft",
        "\x00",
        "\ud800",
    ],
)
def test_wrong_queries(query):
    verdict = judged(query)
    assert (verdict.score, verdict.correct) == (0, False)


def test_copied_rows_are_right_in_the_first_database_only():
    names = [name for (name,) in rows_of(GOLD)]
    assert names and names != [name for (name,) in rows_of(GOLD, "second")]
    copied = " UNION ALL ".join(f"SELECT '{name}'" for name in names)
    verdict = judged(copied)
    assert verdict.parts == {"executes": 1, "first": 1}
    assert (verdict.correct, verdict.score) == (False, 0)


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM customers",
        "DROP TABLE customers",
        "ATTACH 'other.db' AS other",
        "PRAGMA query_only = OFF",
        "SELECT load_extension('x')",
        "SELECT random()",
        "WITH d AS (SELECT 1) INSERT INTO customers SELECT 99, 'x', 'y' FROM d",
    ],
)
def test_a_query_that_does_more_than_read_is_refused(query):
    said = played(WORLD, task_of(), saying(f'query("{query}")', GOLD))
    assert said.observations()[1].startswith("\nerror: ToolError: ")
    assert said.verdict.correct  # the rows are as they were
    assert judged(query).reason is Reason.UNSAFE


ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"


def test_a_query_without_end_is_stopped():
    said = played(WORLD, task_of(), saying(f'query("{ENDLESS}")', GOLD))
    assert said.observations()[1] == "\nerror: ToolError: more than 500000 steps\n"
    assert said.verdict.correct
    assert judged(ENDLESS).reason is Reason.TIMEOUT


def test_too_many_rows_are_not_shown():
    said = played(WORLD, task_of(), saying('query("SELECT 1 FROM orders, orders")', GOLD))
    assert said.observations()[1].startswith("\nerror: ToolError: ")
    said = played(WORLD, task_of(), saying('query("SELECT 1 FROM orders a, orders b")', GOLD))
    assert said.observations()[1] == "\nerror: ToolError: more than 50 rows\n"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ('query("SELECT nome FROM customers")', "OperationalError: no such column: nome"),
        ('schema("rivers")', "error: ToolError: there is no table 'rivers'"),
        ('query("SELECT 1 WHERE 0")', "no rows"),
        ("query(\"SELECT 1.5, 'a', NULL, x'00'\")", '[1.5, "a", null, "b\'\\\\x00\'"]'),
    ],
)
def test_what_a_tool_says(call, told):
    said = played(WORLD, task_of(), saying(call, GOLD))
    assert told in said.observations()[1]
    assert said.verdict.correct


def test_a_worker_that_dies_is_a_fault_and_no_verdict(monkeypatch):
    class Dead:
        def call(self, *arguments):
            raise Died("gone")

    monkeypatch.setattr(reading, "_WORKERS", Dead())
    for reply in (GOLD, f'query("{GOLD}")'):
        with pytest.raises(Fault, match="a worker process died: gone"):
            played(WORLD, task_of(), saying(reply))


def test_files_are_gone_after_the_play(monkeypatch):
    seen = []

    def judge(paths, query, gold):
        seen.extend(paths)
        assert all(Path(path).exists() for path in paths)
        return reading.judged(paths, query, gold)

    monkeypatch.setattr("whet.environments.code.database.world.judged", judge)
    assert played(WORLD, task_of(), saying(GOLD)).verdict.correct
    assert len(seen) == 2
    assert not any(Path(path).exists() for path in seen)


def test_a_policy_that_never_answers_is_out_of_calls():
    said = played(WORLD, task_of(), saying("tables()"))
    assert (said.verdict.finish, said.verdict.score) == (Finish.CALLS, 0)
    assert len(said.asks) == task_of().info["turns"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_tables_link_to_earlier_ones_that_have_these_rows(domain):
    schema = schema_of(domain, 5)
    database = filled(schema, Random(3))
    for place, (table, columns) in enumerate(schema.items()):
        for column, kind in columns.items():
            if isinstance(kind, Link):
                assert kind.table in [*schema][:place]
                parents = f"SELECT id FROM {kind.table}"
                strays = f"SELECT 1 FROM {table} WHERE {column} NOT IN ({parents})"
                assert database.execute(strays).fetchall() == []
                assert f"{column} -> {kind.table}" in described(schema, table)


@pytest.mark.parametrize("level", KINDS)
@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("tables", [3, 4, 5])
def test_every_question_has_a_query_that_runs(level, domain, tables):
    schema = schema_of(domain, tables)
    database = filled(schema, Random(1))
    for n in range(20):
        question, query = KINDS[level](schema, Random(n))
        database.execute(query).fetchall()
        assert question.endswith("?")
        assert ("JOIN" in query, "GROUP" in query) == (level > 2, level in (2, 4))


def test_a_negative_limit_is_refused():
    with pytest.raises(UsageError, match=r"database\.calls is -1; give 0 or more"):
        Database(calls=-1)
