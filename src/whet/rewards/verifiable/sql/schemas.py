"""Schemas of MySQL and PostgreSQL as SQLite reads them."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache

from whet.rewards.verifiable.sql.clauses import masked

_NAME = r"[`\"\[]?\w+[`\"\]]?"
_TEXT = r"'(?:[^'\\]|''|\\.)*'"
_CAST = r"(?:::\w+(?: varying| precision| without time zone| with time zone)?(?:\[\])?)?"
_REWRITTEN = tuple(
    (re.compile(pattern, re.IGNORECASE), new)
    for pattern, new in (
        (rf"\bCOMMENT\s*=?\s*{_TEXT}", ""),
        (rf"\b(TABLE|EXISTS|REFERENCES)\s+{_NAME}\.(?=[`\"\[\w])", r"\1 "),
        (r"\b(?:AUTO_INCREMENT|UNSIGNED|ZEROFILL)\b|\bIDENTITY\s*\(\s*\d+\s*,\s*\d+\s*\)", ""),
        (r"\bGENERATED\s+(?:ALWAYS|BY\s+DEFAULT)\s+AS\s+IDENTITY(?:\s*\([^()]*\))?", ""),
        (rf"({_NAME})\s+ENUM\s*\(((?:[^()']|{_TEXT})*)\)", r"\1 TEXT CHECK (\1 IN (\2))"),
        (rf"\bSET\s*\((?:[^()']|{_TEXT})*\)", "TEXT"),
        (r"\b(?:BIG|SMALL)?SERIAL\b", "INTEGER"),
        (r"\b(?:CHARACTER\s+SET|CHARSET)\s*=?\s*\w+", ""),
        (r"\bCOLLATE\s*=?\s*(?!NOCASE|BINARY|RTRIM)[\"`]?[\w.]+[\"`]?", ""),
        (r"\bON\s+UPDATE\s+CURRENT_TIMESTAMP(?:\s*\(\d*\))?", ""),
        (
            rf"\bDEFAULT\s+(?:{_TEXT}|\w+\s*\((?:[^()]|\([^()]*\))*\)|[-+]?[\w.]+){_CAST}",
            "",
        ),
        (r"\b(TIMESTAMP|TIME)\s*(?:\(\d\))?\s+WITH(?:OUT)?\s+TIME\s+ZONE", r"\1"),
        (r"::\w+|\[\]|\bUSING\s+(?:BTREE|HASH)\b", ""),
        (rf"\bUNIQUE\s+(?:KEY|INDEX)\s+(?:{_NAME}\s*)?(?=\()", "UNIQUE "),
        (
            rf",\s*(?:FULLTEXT\s+|SPATIAL\s+)?(?:KEY|INDEX)\s+(?:{_NAME}\s*)?\((?:[^()]|\(\d+\))*\)",
            "",
        ),
    )
)
_ADDED = re.compile(
    rf"\s*ALTER\s+TABLE\s+(?:ONLY\s+)?(?:{_NAME}\.)?({_NAME})\s+(ADD\s.*)",
    re.IGNORECASE | re.DOTALL,
)
_CONSTRAINT = re.compile(r"(?:CONSTRAINT\s+\S+\s+)?(?:PRIMARY|FOREIGN|UNIQUE)\b", re.IGNORECASE)
_TABLE = re.compile(
    rf"\s*CREATE\s+(?:TEMP(?:ORARY)?\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:{_NAME}\.)?({_NAME})",
    re.IGNORECASE,
)
_OTHER = re.compile(r"\s*CREATE\s+(?:UNIQUE\s+INDEX|VIEW)\b", re.IGNORECASE)


@lru_cache(maxsize=64)
def readable(schema: str) -> str:
    """The schema as a script for SQLite: itself where SQLite reads it, else rewritten.

    Rewritten schemas keep tables, views, unique indices, and keys that ALTER TABLE adds.  Types,
    defaults, options and indices that only other engines have are left out; an ENUM becomes a
    CHECK.  Raises `sqlite3.Error` where that is not enough.
    """
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.executescript(schema)
        except (sqlite3.Error, sqlite3.Warning) as unread:
            script = ";\n".join(_rewritten(schema))
            if not _TABLE.match(script):
                raise unread
        else:
            return schema
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(script)
    return script


def _rewritten(schema: str) -> list[str]:
    tables: dict[str, str] = {}
    others: list[str] = []
    for statement in _statements(schema):
        if found := _TABLE.match(statement):
            tables[_plain(found[1])] = _table(statement)
        elif _OTHER.match(statement):
            others.append(statement)
        elif (found := _ADDED.match(statement)) and _plain(found[1]) in tables:
            for added in re.split(r",?\s*\bADD\s+", found[2]):
                if _CONSTRAINT.match(added):
                    table = tables[_plain(found[1])]
                    tables[_plain(found[1])] = f"{table[: table.rindex(')')]}, {_clean(added)})"
    return [*tables.values(), *others]


def _plain(name: str) -> str:
    return name.strip('`"[]').casefold()


def _statements(schema: str) -> Iterator[str]:
    """The statements of a script; one ends with a semicolon outside of quotations."""
    begin = 0
    for end in [*(hit.start() for hit in re.finditer(";", masked(schema))), len(schema)]:
        statement = re.sub(r"\A(?:\s|--[^\n]*\n|#[^\n]*\n|/\*.*?\*/)*", "", schema[begin:end])
        begin = end + 1
        if statement.strip():
            yield statement


def _table(statement: str) -> str:
    """CREATE TABLE, rewritten, without the options behind its last bracket."""
    statement = _clean(statement)
    depth = 0
    for place, sign in enumerate(masked(statement)):
        depth += (sign == "(") - (sign == ")")
        if sign == ")" and depth == 0:
            return statement[: place + 1]
    return statement


def _clean(statement: str) -> str:
    for pattern, new in _REWRITTEN:
        statement = pattern.sub(new, statement)
    return statement
