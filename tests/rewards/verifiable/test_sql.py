"""Queries are judged by what they answer on several databases, and do nothing but read."""

import sqlite3

import pytest

from whet.rewards.verifiable.sql import AnyOrder, Match, QueryTiers, Sql
from whet.rewards.verifiable.sql.instances import filled
from whet.rewards.verifiable.sql.running import Question, agree, is_ordered
from whet.types import Finish, Reason, UsageError

SCHEMA = """
CREATE TABLE city (id INTEGER PRIMARY KEY, name TEXT NOT NULL, size INT);
CREATE TABLE person (
    id INTEGER PRIMARY KEY, name TEXT, age INT NOT NULL, paid REAL,
    home INT REFERENCES city (id)
);
"""
GOLD = "SELECT name FROM person WHERE age > 5"
QUESTION = Question(schema="", gold=GOLD, seed=0, rows=12, instances=3, steps=9999, most=99)


@pytest.fixture
def judged(rolled):
    def judge(query, gold=GOLD, schema=SCHEMA, **settings):
        reply = f"<think>hm</think>\n```sql\n{query}\n```"
        return Sql(**settings).score(rolled(reply, gold, sql={"schema": schema}))

    return judge


@pytest.mark.parametrize(
    ("query", "gold"),
    [
        (GOLD, GOLD),
        ("-- by age\nSELECT p.name FROM person AS p WHERE p.age >= 6;", GOLD),
        ("WITH old AS (SELECT * FROM person WHERE NOT age <= 5) SELECT name FROM old", GOLD),
        ("SELECT name FROM person WHERE age > 5 ORDER BY id DESC", GOLD),
        ("SELECT 2.0 * count(*) FROM city", "SELECT count(*) + count(*) FROM city"),
        (
            "SELECT c.name FROM person p JOIN city c ON p.home = c.id",
            "SELECT (SELECT name FROM city WHERE id = home) FROM person WHERE home IS NOT NULL",
        ),
        ("SELECT id FROM person ORDER BY id DESC", "SELECT id FROM person ORDER BY -id"),
    ],
)
def test_a_query_that_answers_like_the_right_one_earns_1(judged, query, gold):
    verdict = judged(query, gold)
    assert verdict.score == 1 and verdict.correct and verdict.reason is Reason.OK, verdict.note


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 WHERE 0",
        "SELECT name FROM person WHERE 0",
        "SELECT name FROM person WHERE age > 6",
        "SELECT name FROM person WHERE age >= 5",
        "SELECT DISTINCT name FROM person WHERE age > 5",
        "SELECT name, age FROM person WHERE age > 5",
        "SELECT name FROM person",
        "SELECT nobody FROM person",
        "SELECT",
        "EXPLAIN SELECT name FROM person",
        "SELECT 1; SELECT 2",
        "\x00",
    ],
)
def test_another_answer_earns_nothing(judged, query):
    verdict = judged(query)
    assert not verdict.fault and verdict.score == 0 and not verdict.correct


@pytest.mark.parametrize("mark", ["'", '"'])
def test_a_text_may_stand_between_double_quotes_as_sqlite_allows(judged, mark):
    gold = f'SELECT "person"."age" FROM person WHERE "name" = {mark}Bob Smith{mark}'
    assert judged(gold, gold).score == 1
    assert judged("SELECT age FROM person WHERE name = 'Bob Smith'", gold).score == 1
    for other in (gold.replace("Bob", "Rob"), gold.replace("=", "!="), "SELECT age FROM person"):
        verdict = judged(other, gold)
        assert verdict.score == 0 and not verdict.fault


def test_order_counts_where_the_right_query_asks_for_it(judged):
    ordered = "SELECT id FROM person ORDER BY age DESC, id"
    assert judged("SELECT id FROM person ORDER BY age DESC, id", ordered).score == 1
    assert judged("SELECT id FROM person", ordered).score == 0


def test_columns_may_be_permuted_where_that_is_allowed(judged):
    swapped = "SELECT age, name FROM person WHERE age > 5"
    gold = "SELECT name, age FROM person WHERE age > 5"
    assert judged(swapped, gold).score == 0
    assert judged(swapped, gold, columns=AnyOrder()).score == 1


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE person",
        "DELETE FROM person",
        "WITH x AS (SELECT 1) DELETE FROM person",
        "WITH x AS (SELECT 1) INSERT INTO city VALUES (99, 'x', 1)",
        "ATTACH 'file:/etc/passwd' AS x",
        "PRAGMA query_only = OFF",
        "VACUUM INTO '/tmp/x.db'",
        "CREATE TABLE x (y)",
        "SELECT load_extension('/tmp/x.so')",
        "SELECT random() FROM person",
        "/* SELECT */ UPDATE person SET age = 6",
    ],
)
def test_a_query_that_does_more_than_read_is_refused(judged, query):
    verdict = judged(query)
    assert verdict.reason is Reason.UNSAFE and verdict.score == 0


ENDLESS = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"


@pytest.mark.parametrize(
    "query",
    [
        f"{ENDLESS} SELECT count(*) FROM c",
        f"{ENDLESS} SELECT x FROM c LIMIT 20000",
        "SELECT count(*) FROM person a, person b, person c, person d, person e, person f, person g",
    ],
)
def test_steps_and_rows_have_a_limit(judged, query):
    verdict = judged(query)
    assert verdict.reason is Reason.TIMEOUT and verdict.score == 0 and not verdict.fault


def test_a_query_that_eats_memory_fails_and_is_no_fault(judged):
    verdict = judged("SELECT zeroblob(1000000000)")
    assert verdict.reason is Reason.WRONG and verdict.score == 0
    many = judged(f"{ENDLESS} SELECT hex(zeroblob(500000)) FROM c LIMIT 9000")
    assert not many.fault and many.score == 0


@pytest.mark.parametrize(
    ("gold", "schema", "why"),
    [
        ("SELECT nobody FROM person", SCHEMA, "no such column"),
        ("SELECT name FROM person WHERE 0", SCHEMA, "finds rows in 0 of 3"),
        (GOLD, "CREATE TABEL x", "syntax error"),
        ("DELETE FROM person", SCHEMA, "not with SELECT"),
        (f"{ENDLESS} SELECT count(*) FROM c", SCHEMA, "steps"),
        (GOLD, "", "no schema"),
        ("", SCHEMA, "no answer to compare with"),
    ],
)
def test_a_question_that_cannot_be_asked_is_a_fault(judged, gold, schema, why):
    verdict = judged("SELECT 1", gold, schema)
    assert verdict.fault and why in verdict.note


def test_without_a_query_there_is_no_answer(rolled):
    info = {"sql": {"schema": SCHEMA}}
    assert Sql().score(rolled("SELECT 1", GOLD, **info)).reason is Reason.NO_ANSWER
    cut = Sql().score(rolled("<think>```sql\nSELECT 1", GOLD, finish=Finish.LENGTH, **info))
    assert cut.reason is Reason.TRUNCATED
    long = f"```sql\nSELECT {'1 + ' * 9999} 1\n```"
    assert Sql().score(rolled(long, GOLD, **info)).reason is Reason.WRONG


@pytest.mark.parametrize(
    ("query", "score"), [(GOLD, 1.0), ("SELECT 1", 0.1 + 0.2), ("SELECT nobody", 0.1)]
)
def test_tiers_by_hand(judged, query, score):
    assert judged(query, credit=QueryTiers()).score == pytest.approx(score)
    assert judged(query, credit=Match()).score == float(score == 1)


def test_rows_are_a_multiset_and_numbers_count_by_value():
    rows = [(1, "a"), (2, "b")]
    assert agree(rows, rows[::-1], QUESTION)
    assert agree([(2,)], [(2.0,)], QUESTION)
    assert agree([(0.1 + 0.2,)], [(0.3,)], QUESTION)
    assert not agree([(2,)], [("2",)], QUESTION)
    assert not agree([(1,), (1,), (2,)], [(1,), (2,), (2,)], QUESTION)
    assert not agree([(None,)], [(0,)], QUESTION)
    assert agree([(None,), (b"x",)], [(b"x",), (None,)], QUESTION)


@pytest.mark.parametrize(
    ("query", "ordered"),
    [
        ("SELECT a FROM t ORDER BY a", True),
        ("select a from t order\nby a limit 3", True),
        ("SELECT a FROM (SELECT a FROM t ORDER BY a)", False),
        ("SELECT 'order by' FROM t -- order by", False),
        ("SELECT rank() OVER (ORDER BY a) FROM t", False),
    ],
)
def test_order_by_is_looked_for_outside_only(query, ordered):
    assert is_ordered(query) is ordered


def test_databases_differ_by_seed_and_repeat_by_seed():
    def rows(seed):
        found = filled(SCHEMA, 12, GOLD, seed)
        return found.execute("SELECT * FROM person").fetchall()

    assert rows(1) == rows(1) != rows(2)
    ages = {row[2] for row in rows(1) + rows(2) + rows(3)}
    assert {4, 5, 6} <= ages


def test_databases_keep_their_constraints():
    schema = SCHEMA + "CREATE TABLE mark (a TEXT UNIQUE, b INT CHECK (b BETWEEN 0 AND 3));"
    database = filled(schema, 12, GOLD, 0)
    database.execute("PRAGMA foreign_keys = ON")
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert database.execute("SELECT count(*) FROM mark").fetchone()[0] > 1
    assert isinstance(database, sqlite3.Connection)


@pytest.mark.parametrize(
    ("settings", "why"),
    [({"instances": 1}, r"sql\.instances is 1; give 3"), ({"steps": 0}, r"sql\.steps")],
)
def test_wrong_settings_are_refused(settings, why):
    with pytest.raises(UsageError, match=why):
        Sql(**settings)
    with pytest.raises(UsageError, match="sum to 1"):
        QueryTiers(block=0.5)
