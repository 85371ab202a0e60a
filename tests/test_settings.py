"""Settings: where they come from, which one wins, and what is said of bad ones."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.rules.admission import Sparse
from entrepot.rules.passwords import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN
from entrepot.settings import (
    PASSWORD_LENGTHS,
    SHORT_NAMES,
    SPARSE,
    Settings,
    SettingsError,
    keys,
    load,
)

Flags = dict[tuple[str, str], Any]
KEYS = [*keys()]
# By variable and by flag, for settings whose default says nothing.
EXAMPLES: dict[tuple[str, str], tuple[str, Any]] = {
    ("server", "listen"): ("localhost:1,localhost:2", ["localhost:1", "localhost:2"]),
    ("server", "trusted_proxies"): ("10.0.0.0/8,unix", ["10.0.0.0/8", "unix"]),
    ("auth", "networks"): ("10.0.0.0/8,unix", ["10.0.0.0/8", "unix"]),
    ("webhooks", "endpoints"): ("a http://a/,b http://b/ x", ["a http://a/", "b http://b/ x"]),
    ("webhooks", "allow_networks"): ("10.0.0.0/8,fd00::/8", ["10.0.0.0/8", "fd00::/8"]),
    ("server", "public_url"): ("https://registry.example", "https://registry.example"),
    ("server", "acme_hosts"): ("", []),
    ("auth", "anonymous_pull"): ("a,b/*", ["a", "b/*"]),
    ("auth", "admin_password"): ("a long value", "a long value"),
    ("auth", "open"): ("true", True),
    ("log", "access"): ("false", False),
    ("ldap", "url"): ("", []),
    ("ldap", "allowed_groups"): ("", []),
    ("secrets", "keys_command"): ("/usr/bin/kms", ["/usr/bin/kms"]),
    ("oidc", "scopes"): ("profile,email", ["profile", "email"]),
    ("oidc", "allowed_groups"): ("", []),
    ("oidc", "email_domains"): ("", []),
    ("workloads", "ca"): ("", []),
    ("workloads", "keys"): ("", []),
}


def refusal(
    toml: str | None = None, env: dict[str, str] | None = None, flags: Flags | None = None
) -> str:
    with pytest.raises(SettingsError) as caught:
        load(toml, env or {}, flags or {})
    return str(caught.value)


def value(settings: Settings, section: str, key: str) -> Any:
    return getattr(getattr(settings, section), key)


def test_nothing_needs_to_be_set() -> None:
    assert load(None, {}, {}) == Settings() == load("", {}, {})


def test_a_flag_beats_the_environment_and_that_beats_the_file() -> None:
    toml = '[storage]\ndata = "file"\n[log]\nlevel = "debug"\n[auth]\nservice = "file"'
    env = {"ENTREPOT_STORAGE_DATA": "env", "ENTREPOT_LOG_LEVEL": "error"}
    settings = load(toml, env, {("storage", "data"): "flag"})
    assert settings.storage.data == "flag"
    assert settings.log.level == "error"
    assert settings.auth.service == "file"


def test_a_list_is_replaced_and_not_added_to() -> None:
    settings = load('[server]\nlisten = ["a:1", "b:2"]', {"ENTREPOT_SERVER_LISTEN": "c:3"}, {})
    assert settings.server.listen == ("c:3",)


@pytest.mark.parametrize(
    "text,expected",
    [
        ("a:1", ("a:1",)),
        ("a:1,b:2", ("a:1", "b:2")),
        (" a:1 , [::1]:2 ,", ("a:1", "[::1]:2")),
    ],
)
def test_lists_in_the_environment(text: str, expected: tuple[str, ...]) -> None:
    assert load(None, {"ENTREPOT_SERVER_LISTEN": text}, {}).server.listen == expected


def test_an_empty_variable_is_an_empty_list() -> None:
    toml = '[auth]\nanonymous_pull = ["*"]'
    assert load(toml, {"ENTREPOT_AUTH_ANONYMOUS_PULL": ""}, {}).auth.anonymous_pull == ()


@pytest.mark.parametrize("name", SHORT_NAMES)
def test_short_names(name: str) -> None:
    section, key = SHORT_NAMES[name]
    settings = load(None, {f"ENTREPOT_{name}": "a long value"}, {})
    assert value(settings, section, key) == "a long value"


@pytest.mark.parametrize(
    "text,expected", [("true", True), ("1", True), ("false", False), ("0", False), ("TRUE", True)]
)
def test_yes_and_no_in_the_environment(text: str, *, expected: bool) -> None:
    assert load(None, {"ENTREPOT_LOG_ACCESS": text}, {}).log.access is expected


@pytest.mark.parametrize("section,key,description,default", KEYS)
def test_every_setting_is_described_and_can_be_set_everywhere(
    section: str, key: str, description: str, default: Any
) -> None:
    assert description.endswith(".")
    assert not (isinstance(default, str) and default.startswith("<"))
    assert value(Settings(), section, key) == default
    text, flag = EXAMPLES.get((section, key), (str(default), default))
    variable = f"ENTREPOT_{section}_{key}".upper()
    by_variable = load(None, {variable: text}, {})
    assert by_variable == load(None, {}, {(section, key): flag})


def test_units_are_in_the_names() -> None:
    bare = {
        key
        for _, key, _, default in KEYS
        if isinstance(default, (int, float)) and not isinstance(default, bool)
        if not key.endswith(
            (
                *("_seconds", "_bytes", "_per_second", "_per_address", "connections", "workers"),
                *("_days", "_share"),
                # Shares and counts: numbers of nothing that is measured.
                *("duty", "concurrency", "_length_min"),
            )
        )
    }
    assert bare == set()


@pytest.mark.parametrize(
    "toml,key,mend",
    [
        ("server = 3", "server", "a table"),
        ("[server]\nlisten = 'localhost:5000'", "server.listen", "a list"),
        ("[server]\nlisten = [5000]", "server.listen", "text"),
        ("[server]\nlisten = []", "server.listen", "localhost:5000"),
        ("[server]\nlisten = ['localhost']", "server.listen", "HOST:PORT"),
        ("[server]\nlisten = ['localhost:http']", "server.listen", "HOST:PORT"),
        ("[server]\nlisten = ['localhost:65536']", "server.listen", "HOST:PORT"),
        ("[server]\nlisten = ['localhost:٣']", "server.listen", "HOST:PORT"),
        (f"[server]\nlisten = ['localhost:{'9' * 5000}']", "server.listen", "HOST:PORT"),
        ("[server]\ntls = 'on'", "server.tls", "off, auto, files or acme"),
        ("[server]\ntls = 'files'", "server.tls_cert", "both files"),
        ("[server]\ntls = 'files'\ntls_cert = 'a'", "server.tls_key", "both files"),
        ("[server]\ntls_cert = 'a'\ntls_key = 'b'", "server.tls", "say files"),
        ("[server]\ntls = 'auto'\ntls_key = 'b'", "server.tls", "say files"),
        ("[server]\ntls_client_ca = 'a'", "server.tls_client_ca", "set server.tls"),
        ("[server]\ntls_client_name = 'dn'", "server.tls_client_name", "cn, dns or email"),
        ("[server]\ntls_client_name = 'dns'", "server.tls_client_name", "without server.tls_cl"),
        ("[server]\npublic_url = 'registry.example'", "server.public_url", "https://"),
        ("[server]\npublic_url = 'https://a/b'", "server.public_url", "no path"),
        ("[server]\npublic_url = 'https://a\"'", "server.public_url", "https://"),
        ("[server]\nlisten = ['unix:']", "server.listen", "unix:/PATH"),
        ("[server]\nlisten = ['unix:s']", "server.listen", "unix:/PATH"),
        ("[server]\ntrusted_proxies = ['nginx']", "server.trusted_proxies", "an address"),
        ("[server]\ntrusted_proxies = ['10.0.0.1/8']", "server.trusted_proxies", "10.0.0.0/8"),
        ("[server]\ntrusted_proxies = ['10.0.0.0/33']", "server.trusted_proxies", "a network"),
        ("[server]\nforwarded = 'both'", "server.forwarded", "x-forwarded or standard"),
        ("[server]\nproxy_protocol = true", "server.proxy_protocol", "server.trusted_proxies"),
        (
            "[server]\nproxy_protocol = true\ntrusted_proxies = ['10.0.0.1']\nlisten = ['unix:/s']",
            "server.proxy_protocol",
            "add unix",
        ),
        (
            "[auth]\nopen = true\n[server]\ntrusted_proxies = ['10.0.0.1']",
            "auth.open",
            "add users",
        ),
        ("[server]\ndrain_seconds = 0", "server.drain_seconds", "> 0"),
        ("[server]\ndrain_seconds = inf", "server.drain_seconds", "<="),
        ("[server]\ndrain_seconds = nan", "server.drain_seconds", "a number"),
        ("[server]\ndrain_seconds = 'soon'", "server.drain_seconds", "a number"),
        ("[storage]\ndata = ''", "storage.data", "./data"),
        ("[auth]\nopen = 'maybe'", "auth.open", "true or false"),
        ("[auth]\nopen = true\n[server]\nlisten = ['*:5000']", "auth.open", "localhost"),
        (
            "[auth]\nopen = true\n[server]\nlisten = ['localhost:1', '10.0.0.1:2']",
            "auth.open",
            "localhost",
        ),
        (
            "[auth]\nopen = true\n[server]\npublic_url = 'https://a.example'",
            "auth.open",
            "add users",
        ),
        ("[auth]\nadmin_password = 'short'", "auth.admin_password", "8 to 128"),
        (f"[auth]\nadmin_password = '{'a' * 129}'", "auth.admin_password", "8 to 128"),
        ("[auth]\nadmin_password = 12345678", "auth.admin_password", "text"),
        ("[auth]\nservice = ''", "auth.service", "letters"),
        ("[auth]\nservice = 'a\"b'", "auth.service", "letters"),
        ('[auth]\nservice = "a\\nb"', "auth.service", "letters"),
        ("[auth]\nnetworks = ['10.1.2.3/8']", "auth.networks", "write 10.0.0.0/8"),
        ("[auth]\nnetworks = ['fe80::1%eth0']", "auth.networks", "an address"),
        ("[auth]\nnetworks = ['10.0.0.0/255.0.0.0']", "auth.networks", "an address"),
        (f"[auth]\nnetworks = {['10.0.0.1'] * 257}", "auth.networks", "at most 256"),
        ("[rates]\nuser_pulls = '100'", "rates.user_pulls", "100/6h"),
        ("[rates]\nanonymous_pulls = '0/6h'", "rates.anonymous_pulls", "off"),
        ("[rates]\nrequests_per_second = -1", "rates.requests_per_second", ">= 0"),
        ("[auth]\ntoken_seconds = 59", "auth.token_seconds", ">= 60"),
        ("[auth]\ntoken_seconds = 1e9", "auth.token_seconds", "<= 86400"),
        ("[auth]\nanonymous_pull = ['Public/*']", "auth.anonymous_pull", "lower case"),
        ("[auth]\nanonymous_pull = ['*/public']", "auth.anonymous_pull", "start of one"),
        ("[auth]\nanonymous_pull = ['']", "auth.anonymous_pull", "start of one"),
        ("[uploads]\nsize_max_bytes = 0", "uploads.size_max_bytes", ">= 1"),
        ("[uploads]\nsize_max_bytes = 99999999999999999999", "uploads.size_max_bytes", "<="),
        ("[manifests]\nsparse = true", "manifests.sparse", "text"),
        ("[manifests]\nsparse = 'some'", "manifests.sparse", "off, indexes or all"),
        ("[limits]\nconnections = 1.5", "limits.connections", "whole number"),
        ("[limits]\nconections = 1", "limits.conections", "did you mean 'connections'?"),
        ("[log]\nlevel = 'loud'", "log.level", "debug, info, warning or error"),
        ("[log]\nformat = 'xml'", "log.format", "auto, text or json"),
        ("[log]\nxyz = 1", "log.xyz", "known are level, format, access"),
        ("[sevrer]\n", "sevrer", "did you mean 'server'?"),
        ("qqq = 1", "qqq", "known are server"),
    ],
)
def test_a_bad_value_is_told_with_its_key_and_the_mend(toml: str, key: str, mend: str) -> None:
    message = refusal(toml)
    assert key in message
    assert mend in message
    assert len(message) < 250
    assert "`" not in message


def test_a_file_that_is_no_toml() -> None:
    assert "not valid TOML" in refusal("[server\n")


def test_a_section_that_is_no_table_with_a_variable() -> None:
    assert "write [server]" in refusal("server = 3", {"ENTREPOT_SERVER_TLS": "auto"})


def test_a_misspelt_variable_is_told() -> None:
    message = refusal(None, {"ENTREPOT_SERVER_LISTN": "a:1"})
    assert message.startswith("ENTREPOT_SERVER_LISTN: ")
    assert "did you mean 'listen'?" in message


@pytest.mark.parametrize(
    "name",
    # The command line's own, what Kubernetes adds for a service `entrepot`, and other programs'.
    [
        "ENTREPOT_SERVER",
        "ENTREPOT_USERNAME",
        "ENTREPOT_PORT_5000_TCP",
        "ENTREPOT_SERVICE_HOST",
        "HOME",
    ],
)
def test_variables_of_others_are_left_alone(name: str) -> None:
    assert load(None, {name: "tcp://10.0.0.1:5000"}, {}) == Settings()


@pytest.mark.parametrize(
    "address", ["localhost:5000", "127.0.0.1:5000", "[::1]:5000", "unix:/run/registry.sock"]
)
def test_an_open_registry_listens_on_loopback(address: str) -> None:
    flags: Flags = {("auth", "open"): True, ("server", "listen"): [address]}
    assert load(None, {}, flags).auth.open


@pytest.mark.parametrize("host", ["*", "", "0.0.0.0", "[::]", "192.0.2.1", "localhost.example"])  # noqa: S104
def test_an_open_registry_listens_nowhere_else(host: str) -> None:
    flags: Flags = {("auth", "open"): True, ("server", "listen"): ["localhost:1", f"{host}:5000"]}
    assert "auth.open" in refusal(None, None, flags)


def test_the_first_password_has_the_lengths_of_any_other() -> None:
    assert PASSWORD_LENGTHS == (PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX)
    assert tuple(Sparse) == SPARSE


def test_no_message_shows_a_password() -> None:
    for toml in (
        "[auth]\nadmin_password = 'hunter2'",
        "[auth]\nadmin_password = ['hunter2']",
        "[auth]\nadmin_pasword = 'hunter2'",
    ):
        assert "hunter2" not in refusal(toml)
    assert "hunter2" not in refusal(None, {"ENTREPOT_ADMIN_PASSWORD": "hunter2"})


@given(st.sampled_from(KEYS), st.text())
def test_any_text_in_a_variable_is_taken_or_told(key: tuple[str, str, str, Any], text: str) -> None:
    section, name, _, _ = key
    variable = f"ENTREPOT_{section}_{name}".upper()
    message = f"{section}."
    try:
        load(None, {variable: text}, {})
    except SettingsError as error:
        message = str(error)
    assert f"{section}." in message
