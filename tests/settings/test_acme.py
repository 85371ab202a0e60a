"""What `server.acme_...` may be, and what is said otherwise."""

from typing import Any

import pytest

from entrepot.settings import SettingsError, load
from entrepot.settings.registry2 import translate

GOOD = {"tls": "acme", "acme_hosts": ["registry.example", "localhost"]}


def use(**changes: Any) -> Any:
    flags = {("server", key): value for key, value in (GOOD | changes).items()}
    return load(None, {}, flags).server


def test_names_are_all_that_is_needed() -> None:
    server = use()
    assert server.acme_hosts == ("registry.example", "localhost")
    assert server.acme_directory.startswith("https://acme-v02.api.letsencrypt.org/")
    assert (server.acme_challenge, server.acme_http_listen) == ("http-01", ":80")


@pytest.mark.parametrize(
    "changes",
    [
        {"acme_email": "admin@example.com"},
        {"acme_eab_kid": "mine", "acme_eab_key": "c2VjcmV0"},
        {"acme_eab_kid": "mine", "acme_eab_key": "c2Vj_-V0MQ=="},
        {"acme_challenge": "tls-alpn-01", "listen": ["unix:/s", "*:443"]},
        {"acme_http_listen": "[::1]:8080"},
        {"acme_directory": "https://ca.example:9000/acme/acme/directory"},
        {"acme_hosts": ["xn--bcher-kva.example", "a" * 63 + ".example"]},
    ],
)
def test_what_may_be(changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        assert getattr(use(**changes), key) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize(
    "key,value,words",
    [
        ("acme_hosts", [], "name what the certificate is for"),
        ("acme_hosts", ["*.example.com"], "would need a challenge in DNS"),
        ("acme_hosts", ["https://registry.example"], "must be a name in DNS"),
        ("acme_hosts", ["registry.example:443"], "must be a name in DNS"),
        ("acme_hosts", ["192.0.2.1"], "must be a name in DNS"),
        ("acme_hosts", ["-a.example"], "must be a name in DNS"),
        ("acme_hosts", ["a..example"], "must be a name in DNS"),
        ("acme_hosts", ["a.example."], "must be a name in DNS"),
        ("acme_hosts", [f"h{n}.example" for n in range(101)], "at most 100 names"),
        ("acme_hosts", ["a" * 64], "must be a name in DNS"),
        ("acme_email", "nobody", "must be an address"),
        ("acme_email", "a@b.example,c@d.example", "must be an address"),
        ("acme_directory", "http://ca.example/dir", "must be the https:// URL"),
        ("acme_directory", "https:///dir", "must be the https:// URL"),
        ("acme_directory", "ca.example", "must be the https:// URL"),
        ("acme_eab_kid", "mine", "both are needed"),
        ("acme_eab_key", "c2VjcmV0", "both are needed"),
        ("acme_challenge", "dns-01", "must be http-01 or tls-alpn-01"),
        ("acme_http_listen", "80", "must be HOST:PORT or :PORT"),
        ("acme_http_listen", ":0", "must be HOST:PORT or :PORT"),
        ("acme_http_listen", "unix:/s:80", "must be HOST:PORT or :PORT"),
        ("acme_http_listen", "127.0.0.1:5000", "port 5000 is that of server.listen"),
    ],
)
def test_what_may_not_be(key: str, value: Any, words: str) -> None:
    with pytest.raises(SettingsError, match=f"server.{key}") as caught:
        use(**{key: value})
    assert words in str(caught.value)


def test_a_key_that_is_none_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        use(acme_eab_kid="mine", acme_eab_key="secret key!")
    assert "base64url" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_tls_needs_a_port() -> None:
    with pytest.raises(SettingsError, match=r"TLS needs a HOST:PORT"):
        use(listen=["unix:/s"])


def test_http_listen_is_for_http() -> None:
    with pytest.raises(SettingsError, match=r"it is for http-01 only"):
        use(acme_challenge="tls-alpn-01", acme_http_listen=":8080")


@pytest.mark.parametrize("tls", ["off", "auto"])
def test_it_would_not_be_used(tls: str) -> None:
    with pytest.raises(SettingsError, match=r"server\.acme_hosts: .* it would not be used"):
        use(tls=tls)


def test_registry_2_proves_names_at_its_own_port() -> None:
    given = {
        "REGISTRY_HTTP_ADDR": ":443",
        "REGISTRY_HTTP_TLS_LETSENCRYPT_CACHEFILE": "/cache",
        "REGISTRY_HTTP_TLS_LETSENCRYPT_EMAIL": "admin@example.com",
        "REGISTRY_HTTP_TLS_LETSENCRYPT_HOSTS": "[registry.example, other.example]",
    }
    made = translate(None, given)
    assert made.warnings == []
    server = load(None, {}, {}, base=made.tree).server
    assert (server.tls, server.acme_challenge) == ("acme", "tls-alpn-01")
    assert server.acme_hosts == ("registry.example", "other.example")


def test_registry_2_without_names_never_ends_up_without_tls() -> None:
    made = translate(None, {"REGISTRY_HTTP_TLS_LETSENCRYPT_CACHEFILE": "/cache"})
    with pytest.raises(SettingsError, match=r"server\.acme_hosts"):
        load(None, {}, {}, base=made.tree)
