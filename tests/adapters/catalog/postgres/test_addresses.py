"""URLs of libpq: each host of them, and no word of a bad one."""

import ssl
from pathlib import Path

import pytest

from entrepot.adapters.catalog.postgres import open_postgres
from entrepot.adapters.catalog.postgres.addresses import places
from entrepot.adapters.catalog.prepare import CatalogUnusable
from entrepot.ports.catalog import CatalogFailed
from tests.adapters.catalog.databases import outcome
from tests.adapters.catalog.rows import note, notes
from tests.servers.postgres import Postgres


@pytest.mark.parametrize(
    "url, found",
    [
        ("postgresql://u:p@a/d", ["postgresql://u:p@a/d"]),
        ("postgres://u:p@a:1,b:2/d?x=y", ["postgres://u:p@a:1/d?x=y", "postgres://u:p@b:2/d?x=y"]),
        ("postgresql://a,[::1]:5433/d", ["postgresql://a/d", "postgresql://[::1]:5433/d"]),
        ("postgresql://u@/d?host=/run/pg", ["postgresql://u@/d?host=/run/pg"]),
        (
            "postgresql:///d?host=a,b&port=1,2",
            ["postgresql:///d?host=a&port=1", "postgresql:///d?host=b&port=2"],
        ),
        (
            "postgresql:///d?host=a,b&port=1",
            ["postgresql:///d?host=a&port=1", "postgresql:///d?host=b&port=1"],
        ),
        ("postgresql:///", ["postgresql:///"]),
    ],
)
def test_one_place_for_each_host(url: str, found: list[str]) -> None:
    assert list(places(url)) == found


@pytest.mark.parametrize("mark", ["@", "/", "?", "#", ":/", "[", "%zz@"])
def test_a_password_that_is_not_escaped_is_not_said(mark: str) -> None:
    url = f"postgresql://user:hunter{mark}seven@localhost:5432/registry"
    with pytest.raises(CatalogUnusable) as caught:
        places(url)
    assert "hunter" not in str(caught.value)
    assert "seven" not in str(caught.value)
    assert "%40" in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://a:0/d",
        "postgresql://a:x/d",
        "postgresql://a:70000/d",
        "postgresql:///d?host=a,b,c&port=1,2",
        "postgresql://" + ",".join("abcdefghijklmnopq") + "/d",
    ],
)
def test_places_that_are_none(url: str) -> None:
    with pytest.raises(CatalogUnusable):
        places(url)


@pytest.mark.parametrize("query", ["sslmode=sometimes", "sslmode=verify-full&sslrootcert=/none"])
async def test_options_that_the_driver_refuses(postgres_url: str, query: str) -> None:
    failed = await outcome(open_postgres(f"{postgres_url}?{query}"))
    assert isinstance(failed, CatalogUnusable | CatalogFailed)
    assert "sslmode=verify-full" in str(failed)


async def test_the_first_host_that_is_there(postgres: Postgres, postgres_url: str) -> None:
    place = f"127.0.0.1:{postgres.port}"
    several = postgres_url.replace(place, f"127.0.0.1:1,{place}")
    catalog = await open_postgres(several)
    await note(catalog, "one")
    assert await notes(catalog) == ["one"]
    await catalog.close()


async def test_a_unix_socket(postgres: Postgres, postgres_url: str) -> None:
    catalog = await open_postgres(postgres.socket_url(postgres_url.rpartition("/")[2]))
    await note(catalog, "one")
    assert await notes(catalog) == ["one"]
    await catalog.close()


async def test_two_catalogs_in_two_schemas(postgres: Postgres, postgres_url: str) -> None:
    name = postgres_url.rpartition("/")[2]
    missing = await outcome(open_postgres(f"{postgres_url}?search_path=elsewhere"))
    assert "search_path" in str(missing)
    for schema in ("one", "two"):
        postgres.sql(f"CREATE SCHEMA {schema}", database=name)
    catalogs = [await open_postgres(f"{postgres_url}?search_path={s}") for s in ("one", "two")]
    for number, catalog in enumerate(catalogs):
        await note(catalog, f"{number}")
    assert [await notes(catalog) for catalog in catalogs] == [["0"], ["1"]]
    for catalog in catalogs:
        await catalog.close()


async def test_a_database_that_does_not_exist(postgres: Postgres) -> None:
    failed = await outcome(open_postgres(postgres.url("nowhere")))
    assert isinstance(failed, CatalogFailed)
    assert "create it" in str(failed)


async def test_a_certificate_that_nobody_vouches_for_is_no_reason_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        error = ssl.SSLCertVerificationError(1, "certificate verify failed")
        error.verify_message = "self-signed certificate"
        raise error

    monkeypatch.setattr("asyncpg.connect", refuse)
    failed = await outcome(open_postgres("postgresql://u:hunter2@localhost/d"))
    assert isinstance(failed, CatalogFailed)
    assert "self-signed" in str(failed)
    assert "hunter2" not in str(failed)


async def test_what_is_amiss_with_the_url_later_is_a_failure_that_may_pass(
    postgres_url: str, tmp_path: Path
) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    catalog = await open_postgres(f"{postgres_url}?sslmode=disable&sslrootcert={authority}")
    authority.unlink()  # as it is being renewed
    # Both need their first connection now.
    for failed in (await outcome(notes(catalog)), await outcome(note(catalog, "one"))):
        assert isinstance(failed, CatalogFailed)
        assert "sslrootcert" in str(failed)
    authority.touch()
    await note(catalog, "two")
    assert await notes(catalog) == ["two"]
    await catalog.close()
