"""The registry's own list of vulnerabilities."""

import pytest

from tests.faces.manage.harbor.yard import Yard

PATH = "/system/CVEAllowlist"


async def test_it_is_kept(yard: Yard) -> None:
    empty = await yard.get(PATH)
    assert empty["items"] == []
    body = {"items": [{"cve_id": "CVE-2024-1"}, {"cve_id": "CVE-2024-1"}], "expires_at": 1900000000}
    await yard.do("PUT", PATH, body)
    found = await yard.get(PATH, who="user")
    assert found["items"] == [{"cve_id": "CVE-2024-1"}]
    assert found["expires_at"] == 1900000000
    await yard.do("PUT", PATH, {"items": None})
    assert await yard.get(PATH) == empty


@pytest.mark.parametrize("items", [[{"cve_id": ""}], [{"cve_id": "x" * 65}], [{"cve_id": "a\nb"}]])
async def test_what_is_no_list(yard: Yard, items: list[dict[str, str]]) -> None:
    assert await yard.refused("PUT", PATH, {"items": items}) == 400
    assert await yard.refused("PUT", "/projects/team", {"cve_allowlist": {"items": items}}) == 400


async def test_who_may_what(yard: Yard) -> None:
    assert await yard.refused("PUT", PATH, {}, who="maintainer") == 403
    assert await yard.refused("GET", PATH, who="anonymous") == 401
