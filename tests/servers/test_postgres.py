"""The throw-away PostgreSQL is stopped in each way, and has what was committed."""

import pytest

from tests.servers.postgres import Postgres, ServerFailedError, Stop

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("mode", [Stop.FAST, Stop.IMMEDIATE, Stop.KILL])
def test_a_restart_keeps_what_was_committed(own_postgres: Postgres, mode: Stop) -> None:
    name = own_postgres.create_database()
    own_postgres.sql("CREATE TABLE t AS SELECT 7 AS n", database=name)
    own_postgres.restart(mode)
    assert own_postgres.sql("SELECT n FROM t", database=name) == "7"
    own_postgres.drop_database(name)


def test_a_database_is_a_copy_of_its_template(postgres: Postgres) -> None:
    first = postgres.create_database()
    postgres.sql("CREATE TABLE t AS SELECT 7 AS n", database=first)
    second = postgres.create_database(template=first)
    postgres.sql("DELETE FROM t", database=first)
    assert postgres.sql("SELECT n FROM t", database=second) == "7"
    for name in (first, second):
        postgres.drop_database(name)


def test_what_it_refuses_is_an_error(postgres: Postgres) -> None:
    with pytest.raises(ServerFailedError, match="syntax error"):
        postgres.sql("SELEC 1")


def test_a_database_of_its_own_for_each_test(postgres: Postgres, postgres_url: str) -> None:
    assert postgres_url.startswith("postgresql://")
    name = postgres_url.rpartition("/")[2]
    assert name in postgres.sql("SELECT datname FROM pg_database").splitlines()
