"""How other registries are addressed."""

from dataclasses import replace

import pytest

from entrepot.oci.errors import Code
from entrepot.rules.remotes import (
    KINDS,
    NAME_MAX,
    SECRET_MAX,
    RemoteText,
    check_remote,
    check_secret,
    normal_url,
    same_place,
)

HUB = RemoteText("hub", "https://registry-1.docker.io", "docker-hub", "the hub", "ann", True)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_registry_may_be(kind: str) -> None:
    assert check_remote(replace(HUB, kind=kind)) is None
    assert check_remote(replace(HUB, url="http://10.0.0.1:5000/path/", account="")) is None


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"name": ""}, "name"),
        ({"name": "x" * (NAME_MAX + 1)}, "name"),
        ({"name": "a\n"}, "name"),
        ({"kind": "ftp"}, "kind"),
        ({"url": "ftp://x"}, "address"),
        ({"url": "https://ann:secret@x"}, "address"),
        ({"url": "https://x?y"}, "address"),
        ({"url": "https://x#y"}, "address"),
        ({"description": "x" * 1025}, "description"),
        ({"account": "a:b"}, "colon"),
        ({"account": "a\n"}, "account"),
        ({"account": "a" * 257}, "account"),
    ],
)
def test_what_it_may_not(changes: dict[str, str], told: str) -> None:
    fault = check_remote(replace(HUB, **changes))  # type: ignore[arg-type]
    assert fault is not None
    assert fault.code is Code.REQUEST_INVALID
    assert told in fault.message


@pytest.mark.parametrize("secret", ["a\nb", "\x00", "x" * (SECRET_MAX + 1)])
def test_a_secret_is_a_line_and_not_repeated(secret: str) -> None:
    fault = check_secret(secret)
    assert fault is not None
    assert secret not in fault.message
    assert check_secret('{"type": "service_account"}') is None


def test_where_it_is_the_same_server() -> None:
    assert normal_url("https://x/") == "https://x"
    assert same_place("https://X/a", "https://x/b")
    for other in ("http://x", "https://y", "https://x:1"):
        assert not same_place("https://x", other)
