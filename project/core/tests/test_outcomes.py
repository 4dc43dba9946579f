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


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("begins_before", [True, False])
def test_a_lost_connection_is_known_although_there_is_a_new_one_already(begins_before):
    with pytest.raises(OperationalError) as raised:  # noqa: PT012 - the second statement finds out
        if begins_before:
            with transaction.atomic(), connection.cursor() as cursor:
                end_our_connection()
                cursor.execute("SELECT 1")
        end_our_connection()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    assert connection.is_usable()
    assert has_lost_database(raised.value)


@pytest.mark.django_db
def test_a_wrong_statement_is_no_lost_connection():
    with pytest.raises(DatabaseError) as raised, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    assert not has_lost_database(raised.value)
