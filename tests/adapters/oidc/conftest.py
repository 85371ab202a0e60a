from collections.abc import AsyncIterator, Iterator

import pytest
from joserfc.jwk import RSAKey

from entrepot.adapters.oidc.issuers import OidcIssuers
from tests import issuers as simulated
from tests.adapters.oidc.asking import NOW
from tests.issuers import Issuer


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    """One for all: they take a while to make."""
    key = simulated.new_key("RS256")
    assert isinstance(key, RSAKey)
    return key


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(autouse=True)
def one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Issuers and tests go by one clock, however long the tests before took."""
    monkeypatch.setattr(simulated, "current", lambda: NOW)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with simulated.issuer() as found:
        yield found


@pytest.fixture
async def issuers(issuer: Issuer) -> AsyncIterator[OidcIssuers]:
    found = OidcIssuers()
    yield found
    await found.close()
