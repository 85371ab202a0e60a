"""Signing in at a provider, and what others would make of it."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from entrepot.oci.errors import Code, Fault
from entrepot.ports.identity import Source
from entrepot.rules.roles import Role
from entrepot.services.sso import COOKIE_MAX, HOME, LIFE_SECONDS, NEXT_MAX, local_path
from tests import issuers as simulated
from tests.issuers import Issuer, said
from tests.services.entrance import ALICE, CALLBACK, Entrance, open_entrance
from tests.services.people import PASSWORD


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setenv("no_proxy", "*")
    with simulated.issuer() as found:
        yield found


@pytest.fixture
async def entrance(issuer: Issuer) -> AsyncIterator[Entrance]:
    async with open_entrance(issuer) as made:
        yield made


async def refused(entrance: Entrance, cookie: str, back: dict[str, str]) -> Fault:
    with pytest.raises(Fault) as caught:
        await entrance.finish(cookie, back)
    return caught.value


async def test_somebody_signs_in(entrance: Entrance) -> None:
    landed = await entrance.login("/projects?sort=name")
    assert (landed.account.name, landed.account.role) == ("alice", Role.USER)
    assert landed.following == "/projects?sort=name"
    profile = await entrance.visitors.profile("alice")
    assert (profile.source, profile.subject) == (Source.OIDC, f"{entrance.issuer.url} alice-1")
    assert await entrance.visitors.groups("alice") == [("dev", Source.OIDC)]
    entrance.claims["groups"] = ["admins"]
    assert (await entrance.login()).account.role is Role.ADMIN


async def test_each_login_is_its_own(entrance: Entrance) -> None:
    urls = [parse_qs(urlsplit((await entrance.service.begin("/")).url).query) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert urls[0][name] != urls[1][name]
    assert urls[0]["redirect_uri"] == [CALLBACK]


async def test_attack_state_replay(entrance: Entrance) -> None:
    begun = await entrance.service.begin("/")
    back = entrance.back(begun)
    await entrance.finish(begun.cookie, back)
    again = entrance.back(begun)  # with a new code, as the provider is asked anew
    for sent in (back, again):
        assert "came back before" in (await refused(entrance, begun.cookie, sent)).message


async def test_attack_code_replay_with_a_new_state(entrance: Entrance) -> None:
    begun = await entrance.service.begin("/")
    back = entrance.back(begun)
    await entrance.finish(begun.cookie, back)
    other = await entrance.service.begin("/")
    sent = {"code": back["code"], "state": entrance.back(other)["state"]}
    assert (await refused(entrance, other.cookie, sent)).code is Code.UNAUTHORIZED


async def test_attack_nonce_replay(entrance: Entrance) -> None:
    # A stolen ID token, which the provider is made to hand out once more.
    entrance.issuer.id_token_claims["nonce"] = "of another login"
    begun = await entrance.service.begin("/")
    fault = await refused(entrance, begun.cookie, entrance.back(begun))
    assert "does not answer this login" in fault.message


async def test_attack_login_csrf(entrance: Entrance) -> None:
    """The attacker's code and state, sent by the victim's browser."""
    attackers = await entrance.service.begin("/")
    back = entrance.back(attackers)
    victims = await entrance.service.begin("/")
    for cookie in ("", victims.cookie, "x" * 100, "=" * (COOKIE_MAX + 1), "é"):
        assert (await refused(entrance, cookie, back)).code is Code.UNAUTHORIZED
    # And nobody was let in: the code is still good.
    assert (await entrance.finish(attackers.cookie, back)).account.name == "alice"


async def test_attack_code_of_another_login(entrance: Entrance) -> None:
    """A code that was injected into somebody's own login: PKCE and nonce are another's."""
    attackers = entrance.back(await entrance.service.begin("/"))
    victims = await entrance.service.begin("/")
    sent = {**entrance.back(victims), "code": attackers["code"]}
    assert (await refused(entrance, victims.cookie, sent)).code is Code.UNAUTHORIZED


async def test_attack_code_of_another_client(entrance: Entrance) -> None:
    other, provider = entrance.another(entrance.issuer, client_id="other")
    code = entrance.back(await other.begin("/"))["code"]
    begun = await entrance.service.begin("/")
    sent = {**entrance.back(begun), "code": code}
    assert (await refused(entrance, begun.cookie, sent)).code is Code.UNAUTHORIZED
    await provider.close()


async def test_attack_token_for_another_client(entrance: Entrance) -> None:
    entrance.issuer.id_token_claims["aud"] = "other"
    begun = await entrance.service.begin("/")
    fault = await refused(entrance, begun.cookie, entrance.back(begun))
    assert (fault.code, "made for 'other'" in fault.message) == (Code.UNAUTHORIZED, True)


async def test_attack_mix_up(entrance: Entrance) -> None:
    """What another provider sent back is not taken to this one (RFC 9207)."""
    begun = await entrance.service.begin("/")
    back = entrance.back(begun) | {"iss": "https://evil.example"}
    fault = await refused(entrance, begun.cookie, back)
    assert "came back from 'https://evil.example'" in fault.message
    assert "/token" not in entrance.issuer.asked


async def test_attack_mix_up_without_iss(entrance: Entrance) -> None:
    entrance.issuer.metadata["authorization_response_iss_parameter_supported"] = True
    begun = await entrance.service.begin("/")
    back = entrance.back(begun)
    del back["iss"]
    assert (await refused(entrance, begun.cookie, back)).code is Code.UNAUTHORIZED


async def test_attack_cookie_that_was_changed(entrance: Entrance) -> None:
    begun = await entrance.service.begin("/")
    back = entrance.back(begun)
    middle = len(begun.cookie) // 2
    other = "B" if begun.cookie[middle] == "A" else "A"
    changed = f"{begun.cookie[:middle]}{other}{begun.cookie[middle + 1 :]}"
    assert (await refused(entrance, changed, back)).code is Code.UNAUTHORIZED


async def test_attack_local_administrator_is_not_taken_over(entrance: Entrance) -> None:
    await entrance.visitors.accounts.add("admin", PASSWORD, Role.ADMIN)
    entrance.claims["preferred_username"] = "admin"
    begun = await entrance.service.begin("/")
    assert (await refused(entrance, begun.cookie, entrance.back(begun))).code is Code.CONFLICT


async def test_a_login_that_took_too_long(entrance: Entrance) -> None:
    begun = await entrance.service.begin("/")
    back = entrance.back(begun)
    entrance.visitors.clock.seconds += LIFE_SECONDS + 1
    assert "took too long" in (await refused(entrance, begun.cookie, back)).message
    assert begun.cookie == begun.cookie[:COOKIE_MAX]


async def test_the_longest_way_back_fits_into_a_cookie(entrance: Entrance) -> None:
    following = "/" + "x" * (NEXT_MAX - 1)
    begun = await entrance.service.begin(following)
    assert len(begun.cookie) <= COOKIE_MAX
    assert (await entrance.finish(begun.cookie, entrance.back(begun))).following == following


async def test_a_provider_that_is_down(entrance: Entrance) -> None:
    begun = await entrance.service.begin("/")
    back = entrance.back(begun)
    entrance.issuer.instead["/token"] = lambda: said({}, 503)
    fault = await refused(entrance, begun.cookie, back)
    assert fault.code is Code.UNAVAILABLE
    assert "status 503" in entrance.visitors.log.lines[-1][1]["reason"]


async def test_whoever_may_not_in_is_told_why(entrance: Entrance) -> None:
    entrance.claims = {"sub": ALICE["sub"]}
    begun = await entrance.service.begin("/")
    fault = await refused(entrance, begun.cookie, entrance.back(begun))
    assert (fault.code, "preferred_username" in fault.message) == (Code.DENIED, True)


@pytest.mark.parametrize(
    "text",
    [
        *("//evil", "/\\evil", "\\\\evil", "\\/evil", "https:", "https://evil", "https:/evil"),
        *("javascript:alert(1)", "%2f%2fevil", "/%2fevil", "/%2Fevil", "/%5cevil", "evil", ""),
        *("/\t/evil", "/\n/evil", "\t//evil", " //evil", "/ /evil", "/\x00", "/%09/evil"),
        *("/%0d%0aLocation:x", "///evil", "/é", "/" + "x" * NEXT_MAX, "?next=//evil", "#//evil"),
    ],
)
async def test_attack_open_redirect(text: str, entrance: Entrance) -> None:
    assert local_path(text) == HOME
    assert (await entrance.login(text)).following == HOME


@pytest.mark.parametrize("text", ["/", "/a", "/a/b?c=d&e=%2Ff#g", "/a//b", "/?next=https://x"])
def test_paths_of_ours(text: str) -> None:
    assert local_path(text) == text
