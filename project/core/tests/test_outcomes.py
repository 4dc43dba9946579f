import contextlib

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from project.core.outcomes import has_lost_database


def end_our_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    other = connection.copy()
    with contextlib.closing(other), other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def lose_the_connection() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        end_our_connection()
        cursor.execute("SELECT 1")


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_known_although_there_is_a_new_one_already():
    with pytest.raises(OperationalError) as raised:
        lose_the_connection()
    assert connection.is_usable()
    assert has_lost_database(raised.value)


@pytest.mark.django_db
def test_a_wrong_statement_is_no_lost_connection():
    with connection.cursor() as cursor, pytest.raises(DatabaseError) as raised, transaction.atomic():
        cursor.execute("SELECT 1 / 0")
    assert not has_lost_database(raised.value)
