import logging

import pytest
from django.db import connection
from psycopg2 import sql

from project.core import slow_queries
from project.core.slow_queries import MOST_CHARACTERS, without_values


@pytest.fixture
def slow(caplog, settings, db):
    settings.SLOW_QUERY_MS = 20
    caplog.set_level(logging.WARNING)
    return lambda: [record.facts for record in caplog.records if record.name == slow_queries.__name__]


def test_a_slow_statement_is_told_with_placeholders(slow):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s, pg_sleep(%s)", ["Jane Doe", 0.03])
    [facts] = slow()
    assert facts["sql"] == "SELECT %s, pg_sleep(%s)"
    assert 20 <= facts["duration_ms"] < 5000


def test_a_quick_one_is_not(slow):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert slow() == []


def test_a_connection_is_watched_once_however_often_it_is_made_again(settings, transactional_db):
    settings.SLOW_QUERY_MS = 20
    for _ in range(2):
        connection.close()
        connection.ensure_connection()
    assert connection.execute_wrappers.count(slow_queries.timed) == 1


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT 'Jane Doe'", "SELECT '?'"),
        ("SELECT 'it''s Jane', b", "SELECT '?', b"),
        ("SELECT \"it's\", 'Jane', \"a\"\"'b\", 'Doe'", "SELECT \"it's\", '?', \"a\"\"'b\", '?'"),
        ("SELECT 1 -- it's\nWHERE a = 'Jane'", "SELECT 1 WHERE a = '?'"),
        ("SELECT /* it's */ 'Jane', '/*', 'Doe', '--'", "SELECT '?', '?', '?', '?'"),
        (r"SELECT E'it\'s Jane', b", "SELECT '?', b"),
        (r"SELECT 'C:\', 'Jane'", "SELECT '?', '?'"),
        ("SELECT $$it's Jane$$, $x$ $$Jane$$ $x$", "SELECT '?', '?'"),
        ("SELECT 'Jane", "SELECT '?'"),
        ("SELECT  1\n  FROM t WHERE pos = 43045712", "SELECT 1 FROM t WHERE pos = ?"),
        ("DROP TABLE variants_staging_12345", "DROP TABLE variants_staging_12345"),
        (sql.SQL("SELECT {}").format(sql.Literal("Jane")), "(Composed)"),
    ],
)
def test_no_value_is_shown(statement, shown):
    assert without_values(statement) == shown


def test_a_long_statement_is_cut():
    assert len(without_values("SELECT " + "x, " * 5000)) == MOST_CHARACTERS
