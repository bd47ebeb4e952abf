"""Queries are judged by what they answer on several databases, and do nothing but read."""

import sqlite3

import pytest

from whet.rewards.verifiable.sql import AnyOrder, Match, QueryTiers, Sql
from whet.rewards.verifiable.sql.clauses import clauses, is_ordered
from whet.rewards.verifiable.sql.computed import computed
from whet.rewards.verifiable.sql.constants import constants_of
from whet.rewards.verifiable.sql.instances import EMPTY, PROFILES, Profile, filled
from whet.rewards.verifiable.sql.running import Question, agree
from whet.rewards.verifiable.sql.schemas import readable
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
    assert Sql().score(rolled("It is Ada.", GOLD, **info)).reason is Reason.NO_ANSWER
    assert Sql().score(rolled(GOLD, GOLD, **info)).reason is Reason.OK
    assert Sql().score(rolled(f"<answer>{GOLD}</answer>", GOLD, **info)).reason is Reason.OK
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


def test_rows_that_the_right_query_leaves_tied_may_have_any_order(judged):
    gold = "SELECT id FROM person ORDER BY age DESC"
    assert judged("SELECT id FROM person ORDER BY age DESC, id DESC", gold).score == 1
    assert judged("SELECT id FROM person ORDER BY age, id", gold).score == 0
    one = "SELECT id FROM person ORDER BY age LIMIT 1"
    assert judged("SELECT id FROM person ORDER BY age, id DESC LIMIT 1", one).score == 1
    assert judged("SELECT id FROM person WHERE age = (SELECT min(age) FROM person)", one).score == 0
    some = "SELECT id FROM person LIMIT 4 OFFSET 1"
    assert judged("SELECT id FROM person ORDER BY id DESC LIMIT 4", some).score == 0
    assert judged("SELECT id FROM person ORDER BY id DESC LIMIT 1, 4", some).score == 1


def test_a_question_with_one_answer_is_a_fault(judged):
    verdict = judged("SELECT 1", "SELECT 1 FROM city LIMIT 1")
    assert verdict.fault and "always the same answer" in verdict.note


def test_no_text_of_a_query_is_a_fault(judged):
    for text in (
        "'\ud800'",
        "99999999999999999999",
        "-1e308",
        "'" + "%a" * 400 + "'",
        "'9999-99-99'",
    ):
        verdict = judged(f"SELECT name FROM person WHERE age > 5 OR name = {text}")
        assert not verdict.fault, verdict.note


@pytest.mark.parametrize(
    ("query", "head", "order", "limit"),
    [
        ("SELECT a FROM t;", "SELECT a FROM t", "", None),
        (
            "SELECT a FROM t ORDER BY a, b DESC LIMIT 3 OFFSET 2",
            "SELECT a FROM t",
            "a, b DESC",
            (2, 3),
        ),
        ("SELECT a FROM t LIMIT 2, 3 ;", "SELECT a FROM t", "", (2, 3)),
        ("SELECT a FROM t ORDER BY a -- up\n; -- end", "SELECT a FROM t", "a", None),
        (
            "SELECT (SELECT a LIMIT 1) FROM [limit]",
            "SELECT (SELECT a LIMIT 1) FROM [limit]",
            "",
            None,
        ),
    ],
)
def test_parts_of_a_query(query, head, order, limit):
    found = clauses(query)
    assert (found.head, found.order, found.limit) == (head, order, limit)
    assert not clauses("SELECT a FROM t LIMIT 1 + 1").readable


def test_constants_belong_to_the_column_of_their_condition():
    found = constants_of(
        "SELECT x FROM t WHERE age BETWEEN 18 AND 30 AND 'Bob' = name OR strftime('%Y', d) = '2020'"
        " GROUP BY x HAVING count(*) >= 10",
        {"age", "name", "d", "x"},
    )
    assert found.near["age"] == (18, 30) and found.near["name"] == ("Bob",)
    assert "2020" in found.near["d"] and found.dated == {"d"} and found.group == 10


MYSQL = """
/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `t`;
CREATE TABLE `t` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT COMMENT 'a; key',
  `kind` ENUM('a','b') NOT NULL DEFAULT 'a',
  `at` datetime DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (`id`), UNIQUE KEY `u` (`kind`, `at`), KEY `k` (`at`) USING BTREE
) ENGINE=InnoDB AUTO_INCREMENT=3 DEFAULT CHARSET=utf8 COMMENT='x';
LOCK TABLES `t` WRITE;
"""
POSTGRES = """
CREATE EXTENSION x;
CREATE TABLE public.t (
  id bigserial, kind character varying(9) DEFAULT 'a'::character varying NOT NULL,
  at timestamp(6) with time zone DEFAULT now(), tags text[]
);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
"""


@pytest.mark.parametrize("schema", [MYSQL, POSTGRES])
def test_schemas_of_other_engines_are_read(judged, schema):
    assert readable(SCHEMA) == SCHEMA
    database = filled(schema, 12, "", 0, PROFILES[0])
    described = database.execute("PRAGMA table_info(t)").fetchall()
    assert [row[1] for row in described][:3] == ["id", "kind", "at"] and described[0][5] == 1
    gold = "SELECT count(*) FROM t WHERE kind = 'a'"
    assert not judged("SELECT count(*) FROM t WHERE `kind` LIKE 'a'", gold, schema).fault
    assert judged(gold, gold, schema).score == 1


def test_databases_differ_by_seed_and_repeat_by_seed():
    def rows(seed):
        found = filled(SCHEMA, 12, GOLD, seed, PROFILES[0])
        return found.execute("SELECT * FROM person").fetchall()

    assert rows(1) == rows(1) != rows(2)
    ages = {row[2] for seed in range(6) for row in rows(seed)}
    assert {4, 5, 6} <= ages
    empty = filled(SCHEMA, 12, GOLD, 0, EMPTY)
    assert empty.execute("SELECT count(*) FROM person").fetchone()[0] == 0


@pytest.mark.parametrize("profile", PROFILES)
def test_databases_keep_their_constraints(profile):
    schema = (
        SCHEMA
        + """
        CREATE TABLE mark (a TEXT UNIQUE, b INT CHECK (b BETWEEN 0 AND 3));
        CREATE TABLE pair (a INT, b TEXT, PRIMARY KEY (a, b));
        CREATE TABLE link (a INT, b TEXT, c INT, FOREIGN KEY (a, b) REFERENCES pair (a, b));
    """
    )
    database = filled(schema, 12, GOLD, 0, profile)
    database.execute("PRAGMA foreign_keys = ON")
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert isinstance(database, sqlite3.Connection)


def test_databases_have_what_tells_queries_apart():
    query = "SELECT name FROM person WHERE name LIKE '%son' GROUP BY home HAVING count(*) >= 10"
    found = [filled(SCHEMA, 12, query, seed, one) for seed, one in enumerate(PROFILES * 4)]

    def some(condition):
        return any(
            base.execute(f"SELECT 1 FROM person WHERE {condition}").fetchone() for base in found
        )

    assert some("name LIKE 'son'") and some("name LIKE '%son%' AND name NOT LIKE '%son'")
    assert some("name GLOB '*SON'") and some("name GLOB '*son'") and some("name <> trim(name)")
    assert some("paid < 0") and some("paid <> round(paid)") and some("name IS NULL")
    assert some("1 GROUP BY home HAVING count(*) >= 10")
    assert some("(SELECT count(*) FROM person) <> (SELECT max(id) FROM person)")
    assert Profile() == PROFILES[0]


@pytest.mark.parametrize(
    ("settings", "why"),
    [({"instances": 1}, r"sql\.instances is 1; give 3"), ({"steps": 0}, r"sql\.steps")],
)
def test_wrong_settings_are_refused(settings, why):
    with pytest.raises(UsageError, match=why):
        Sql(**settings)
    with pytest.raises(UsageError, match="sum to 1"):
        QueryTiers(block=0.5)


CITIES = "SELECT name FROM city WHERE size > 5"


@pytest.mark.parametrize(
    "more",
    [
        "name <> 'xq' || 'zw'",
        "name IS NOT char(113, 113)",
        "name <> upper('xqzw')",
        "name <> replace('ab', 'a', 'q')",
        "name <> '%'",
        "name <> 'a_b'",
        "length(name) < 12",
        "size < 25 * 40",
        "size <> 7 * 11",
        "size < 0x3e8",
        "size <> 1e3",
        "size <> ~-78",
        "size <> (SELECT 77)",
        "size NOT IN (1, 25 * 4)",
    ],
)
def test_a_condition_on_a_computed_value_is_noticed(judged, more):
    assert judged(f"{CITIES} AND {more}", CITIES).reason is Reason.WRONG


@pytest.mark.parametrize(
    "more", ["size < 25 * 400000000000", "size > 2 + 3", "size > 0x5", "length(name) < 2000"]
)
def test_a_condition_that_changes_nothing_may_be_computed(judged, more):
    assert judged(f"{CITIES} AND {more}", CITIES).correct


LOG = "CREATE TABLE log (who TEXT, cost REAL)"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT total_changes()", Reason.UNSAFE),
        ("SELECT last_insert_rowid()", Reason.UNSAFE),
        ("SELECT coalesce(max(rowid), 0) FROM log", Reason.WRONG),
        ("SELECT max(rowid) - min(rowid) + 1 FROM log", Reason.WRONG),
    ],
)
def test_how_a_table_was_filled_tells_nothing(judged, query, why):
    assert judged(query, "SELECT count(*) FROM log", LOG).reason is why
    assert judged("SELECT count(rowid) FROM log", "SELECT count(*) FROM log", LOG).correct


@pytest.mark.parametrize(
    "schema",
    ["CREATE TABLE t (rowid TEXT, n INT)", "CREATE TABLE t (n INT PRIMARY KEY) WITHOUT ROWID"],
)
def test_tables_without_numbered_rows_are_filled(judged, schema):
    assert judged("SELECT n + 0 FROM t", "SELECT n FROM t", schema).correct


def test_several_semicolons_end_a_query(judged):
    assert judged(f"{GOLD};;", GOLD).correct


def test_the_computed_values_of_a_query():
    def read(text):
        return sqlite3.connect(":memory:").execute(text).fetchall(), 1

    text = "SELECT a FROM t WHERE a < 25*40 AND b = trim('x ')||'y' AND f(b, 2+2) > a - 5"
    found = computed(text, {"a", "b"}, read)
    assert " 1000 " in found and " 'xy' " in found and " 4 " in found
    assert computed("SELECT a FROM t WHERE a = 5", {"a"}, read) == ""
