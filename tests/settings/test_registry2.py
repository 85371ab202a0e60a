"""Keys and variables of registry:2: what becomes of each."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.settings import Settings, SettingsError, keys, load
from entrepot.settings.registry2 import KEYS, Fate, Key, Translated, names, read_yaml, translate

# As the image registry:2 brings it, and as a compose file of its documentation adds to it.
OF_THE_IMAGE = """\
version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /var/lib/registry
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
"""
COMPOSE = {
    "REGISTRY_STORAGE_DELETE_ENABLED": "true",
    "REGISTRY_AUTH": "htpasswd",
    "REGISTRY_AUTH_HTPASSWD_REALM": "Registry Realm",
    "REGISTRY_AUTH_HTPASSWD_PATH": "/auth/htpasswd",
    "REGISTRY_HTTP_SECRET": "not-a-real-one",
}
VERSION = {"version": 0.1}
# A value for each key that is used: as it is given, and what it makes of our setting.
USED: dict[str, tuple[str, Any]] = {
    "notifications.endpoints": ("ci http://ci/hook", ("ci http://ci/hook",)),
    "http.addr": ("127.0.0.1:5001", ("127.0.0.1:5001",)),
    "http.net": ("tcp", ("*:5000",)),
    "http.host": ("https://registry.example", "https://registry.example"),
    "http.tls.certificate": ("/cert.pem", "/cert.pem"),
    "http.tls.key": ("/key.pem", "/key.pem"),
    "http.tls.letsencrypt.hosts": ("[registry.example]", ("registry.example",)),
    "http.tls.letsencrypt.email": ("admin@registry.example", "admin@registry.example"),
    "http.tls.letsencrypt.directoryurl": ("https://ca.example/dir", "https://ca.example/dir"),
    "http.draintimeout": ("1m30s", 90.0),
    "storage.filesystem.rootdirectory": ("/data", "/data"),
    "storage.delete.enabled": ("true", True),
    "storage.maintenance.readonly.enabled": ("true", True),
    "storage.maintenance.readonly": ("true", True),
    "storage.maintenance.uploadpurging.age": ("168h", 604800.0),
    "auth.htpasswd.path": ("/auth/htpasswd", "/auth/htpasswd"),
    "auth.htpasswd.realm": ("My Realm", "My Realm"),
    "log.level": ("warn", "warning"),
    "loglevel": ("error", "error"),
    "log.formatter": ("logstash", "json"),
    "log.accesslog.disabled": ("true", False),
}
# What else a key needs before it can stand.
BESIDE = {
    "http.tls.certificate": {"REGISTRY_HTTP_TLS_KEY": "/key.pem"},
    "http.tls.key": {"REGISTRY_HTTP_TLS_CERTIFICATE": "/cert.pem"},
    "http.tls.letsencrypt.email": {"REGISTRY_HTTP_TLS_LETSENCRYPT_HOSTS": "registry.example"},
    "http.tls.letsencrypt.directoryurl": {
        "REGISTRY_HTTP_TLS_LETSENCRYPT_HOSTS": "registry.example"
    },
    "auth.htpasswd.realm": {"REGISTRY_AUTH_HTPASSWD_PATH": "/auth/htpasswd"},
}


def variable(path: str) -> str:
    return "REGISTRY_" + path.replace(".*", ".something").replace(".", "_").upper()


def given_by(environment: dict[str, str], yaml: str | None = None) -> tuple[Translated, Settings]:
    made = translate(read_yaml(yaml, "config.yml") if yaml else None, environment)
    return made, load(None, {}, {}, base=made.tree)


def refusal(environment: dict[str, str], tree: Any = None) -> str:
    with pytest.raises(SettingsError) as caught:
        translate(tree, environment)
    return str(caught.value)


def of_fate(*fates: Fate) -> list[Any]:
    return [pytest.param(key, id=key.path) for key in KEYS if key.fate in fates]


def test_the_compose_file_of_the_documentation() -> None:
    made, settings = given_by(COMPOSE)
    assert made.warnings == []
    assert settings.server.listen == ("*:5000",)
    assert settings.storage.data == "/var/lib/registry"
    assert settings.storage.delete
    assert settings.auth.htpasswd == "/auth/htpasswd"
    assert settings.auth.realm == "Registry Realm"
    assert settings.auth.anonymous == ""


def test_the_file_of_the_image() -> None:
    made, settings = given_by({}, OF_THE_IMAGE)
    assert [warning.partition(" ")[0] for warning in made.warnings] == [
        "log.fields.service",
        "http.headers.x-content-type-options",
    ]
    assert not settings.storage.delete
    assert settings.auth.anonymous == "all"


def test_variables_lie_over_the_file() -> None:
    _, settings = given_by(
        COMPOSE | {"REGISTRY_HTTP_ADDR": "0.0.0.0:5005"},
        OF_THE_IMAGE + "auth:\n  htpasswd:\n    path: /other\n    realm: kept\n",
    )
    assert settings.server.listen == ("0.0.0.0:5005",)
    assert settings.auth.htpasswd == "/auth/htpasswd"


def test_naming_a_kind_drops_what_the_file_says_of_others() -> None:
    tree = VERSION | {"auth": {"token": {"realm": "https://auth.example", "service": "s"}}}
    assert "auth" in refusal({}, tree)
    made = translate(tree, COMPOSE)
    assert made.tree["auth"]["htpasswd"] == "/auth/htpasswd"


@pytest.mark.parametrize("key", of_fate(Fate.USED))
def test_a_used_key_sets_ours_by_variable_and_by_file(key: Key) -> None:
    text, expected = USED[key.path]
    beside = BESIDE.get(key.path, {})
    _, settings = given_by({variable(key.path): text} | beside)
    section, _, name = key.target.partition(".")
    assert getattr(getattr(settings, section), name) == expected
    tree: Any = text
    for part in reversed(key.path.split(".")):
        tree = {part: tree}
    made = translate(VERSION | tree, beside)
    assert load(None, {}, {}, base=made.tree) == settings
    assert made.warnings == []


def test_each_target_is_a_setting() -> None:
    ours = {f"{section}.{name}" for section, name, _, _ in keys()}
    assert {key.target for key in KEYS if key.fate is Fate.USED} <= ours
    assert {key.target for key in KEYS if key.fate is not Fate.USED} == {""}
    assert all(key.note for key in KEYS if key.fate is not Fate.USED)


@pytest.mark.parametrize("key", of_fate(Fate.IGNORED))
def test_an_ignored_key_is_never_ignored_in_silence(key: Key) -> None:
    name = variable(key.path)
    asking = "false" if key.path.endswith("uploadpurging.enabled") else "true"
    environment = {name: asking}
    if key.path.startswith("auth.htpasswd"):
        environment |= {"REGISTRY_AUTH_HTPASSWD_PATH": "/auth/htpasswd"}
    made = translate(None, environment)
    (warning,) = made.warnings
    assert warning == f"{name} is ignored: {key.note}"


@pytest.mark.parametrize("key", of_fate(Fate.REFUSED))
def test_a_refused_key_lets_nothing_start(key: Key) -> None:
    name = variable(key.path)
    assert refusal({name: "https://something.example"}) == f"{name}: {key.note}"


@pytest.mark.parametrize("key", of_fate(Fate.NEEDLESS))
def test_what_is_not_needed_is_not_talked_of(key: Key) -> None:
    made = translate(None, {variable(key.path): "true"})
    assert made.warnings == []


@pytest.mark.parametrize(
    "name,text",
    [
        ("REGISTRY_HTTP_PREFIX", "/"),
        ("REGISTRY_HTTP_PREFIX", ""),
        ("REGISTRY_PROXY_REMOTEURL", ""),
        ("REGISTRY_HTTP_TLS_CLIENTCAS", "[]"),
        ("REGISTRY_HTTP_HTTP2_DISABLED", "false"),
        ("REGISTRY_VALIDATION_ENABLED", "false"),
        ("REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_ENABLED", "true"),
    ],
)
def test_a_key_that_asks_for_nothing_is_none(name: str, text: str) -> None:
    made = translate(None, {name: text})
    assert made.warnings == []
    assert made.tree == translate(None, {}).tree


@pytest.mark.parametrize("text", ["none", "", "{none: {}}"])
def test_without_auth_it_is_open_to_everyone(text: str) -> None:
    assert translate(None, {"REGISTRY_AUTH": text}).tree["auth"] == {"anonymous": "all"}


@pytest.mark.parametrize("kind", ["token", "silly", "ldap"])
def test_another_kind_of_auth_never_becomes_none(kind: str) -> None:
    assert "auth" in refusal({"REGISTRY_AUTH": kind}).lower()
    assert "auth" in refusal({f"REGISTRY_AUTH_{kind.upper()}_REALM": "x"}).lower()
    assert "auth" in refusal({}, VERSION | {"auth": {kind: None}})


def test_two_kinds_at_once_are_refused_however_little_they_say() -> None:
    auth = {"htpasswd": {"realm": "r", "path": "/auth/htpasswd"}, "token": {"realm": ""}}
    assert refusal({}, VERSION | {"auth": auth}) == "auth: name one of htpasswd, token"
    storage = {"filesystem": {"rootdirectory": "/data"}, "s3": {"bucket": ""}}
    assert refusal({}, VERSION | {"storage": storage}) == "storage: name one of filesystem, s3"


def test_htpasswd_needs_its_file() -> None:
    assert "REGISTRY_AUTH_HTPASSWD_PATH" in refusal({"REGISTRY_AUTH": "htpasswd"})
    assert "auth.htpasswd.path" in refusal(
        {"REGISTRY_AUTH": "htpasswd", "REGISTRY_AUTH_HTPASSWD_PATH": ""}
    )


@pytest.mark.parametrize("driver", ["s3", "azure", "gcs", "inmemory"])
def test_another_storage_never_becomes_the_directory(driver: str) -> None:
    for environment in (
        {"REGISTRY_STORAGE": driver},
        {f"REGISTRY_STORAGE_{driver.upper()}_BUCKET": "b"},
    ):
        assert "filesystem" in refusal(environment)
    assert "filesystem" in refusal({}, VERSION | {"storage": {driver: {}}})
    assert "filesystem" in refusal({}, VERSION | {"storage": driver})


def test_storage_by_name_alone() -> None:
    assert translate(None, {"REGISTRY_STORAGE": "filesystem"}).tree == translate(None, {}).tree


@pytest.mark.parametrize(
    "text", ['{"enabled": true}', "{'enabled': true}", "enabled: true", "true", "{enabled: yes}"]
)
def test_a_mapping_in_a_variable(text: str) -> None:
    made = translate(None, {"REGISTRY_STORAGE_MAINTENANCE_READONLY": text})
    assert made.tree["storage"]["read_only"] is True


def test_a_plain_text_is_never_a_mapping() -> None:
    made = translate(None, COMPOSE | {"REGISTRY_AUTH_HTPASSWD_REALM": "Realm: [ours]"})
    assert made.tree["auth"]["realm"] == "Realm: [ours]"


def test_a_socket() -> None:
    environment = {"REGISTRY_HTTP_NET": "unix", "REGISTRY_HTTP_ADDR": "/run/registry.sock"}
    assert translate(None, environment).tree["server"]["listen"] == ["unix:/run/registry.sock"]
    assert "tcp or unix" in refusal({"REGISTRY_HTTP_NET": "udp"})


@pytest.mark.parametrize(
    "text,ours",
    [
        (":5000", "*:5000"),
        ("[::]:5001", "*:5001"),
        ("0.0.0.0:5000", "0.0.0.0:5000"),
        ("localhost:5000", "localhost:5000"),
        ("[::1]:5000", "[::1]:5000"),
        ("", "*:5000"),
    ],
)
def test_addresses(text: str, ours: str) -> None:
    assert translate(None, {"REGISTRY_HTTP_ADDR": text}).tree["server"]["listen"] == [ours]


def test_what_is_no_key_is_told() -> None:
    made = translate(VERSION | {"strage": {"a": 1}}, {"REGISTRY_HTPP_ADDR": ":5000"})
    assert made.warnings == [
        "strage.a is ignored: registry:2 has no such key",
        "REGISTRY_HTPP_ADDR is ignored: registry:2 has no such key",
    ]


OTHERS = {
    "REGISTRY_AUTH_FILE": "/run/containers/auth.json",
    "REGISTRY_CONFIGURATION_PATH": "/x.yml",
    "REGISTRY_PORT": "tcp://10.0.0.1:5000",
    "REGISTRY_PORT_5000_TCP_ADDR": "10.0.0.1",
    "REGISTRY_SERVICE_HOST": "10.0.0.1",
    "REGISTRY_AUTH_SERVICE_HOST": "10.0.0.1",
    "REGISTRY_HTTP_SERVICE_PORT_HTTP": "80",
    "REGISTRY_PROXY_PORT_80_TCP": "tcp://10.0.0.1:80",
}


def test_variables_of_others_are_left_alone() -> None:
    assert names(OTHERS) == []
    made = translate(None, OTHERS)
    assert made == translate(None, {})
    assert names(OTHERS | {"REGISTRY_USER": "ci", "HTTP_ADDR": "x"}) == []
    assert names(OTHERS | {"REGISTRY_LOG_LEVEL": "info"}) == ["REGISTRY_LOG_LEVEL"]


@pytest.mark.parametrize(
    "text", ["", "services: {}", "version: 0.2", "[]", "version: '2'\nservices: {}"]
)
def test_a_file_that_is_no_configuration(text: str) -> None:
    assert "version: 0.1" in refusal({}, read_yaml(text, "config.yml") or {})


def test_no_message_shows_a_secret() -> None:
    with pytest.raises(SettingsError) as caught:
        read_yaml("http:\n  secret: 'hunter2\n", "config.yml")
    assert "hunter2" not in str(caught.value)
    assert "config.yml is not valid YAML, line" in str(caught.value)
    environment = {
        "REGISTRY_HTTP_SECRET": "[hunter2",
        "REGISTRY_REDIS_PASSWORD": "hunter2",
        "REGISTRY_NOTIFICATIONS_ENDPOINTS": "[{url: a, headers: {Authorization: [hunter2]}}]",
        "REGISTRY_NOSUCH_KEY": "hunter2",
    }
    assert "hunter2" not in str(translate(None, environment).warnings)
    assert "hunter2" not in refusal({"REGISTRY_STORAGE_S3_SECRETKEY": "hunter2"})


def test_a_file_never_runs_code() -> None:
    with pytest.raises(SettingsError):
        read_yaml("version: !!python/object/apply:os.getcwd []", "config.yml")


@pytest.mark.parametrize(
    "name,text,mend",
    [
        ("REGISTRY_STORAGE_DELETE_ENABLED", "maybe", "true or false"),
        ("REGISTRY_HTTP_DRAINTIMEOUT", "soon", "a duration"),
        ("REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_AGE", "1 week", "a duration"),
    ],
)
def test_a_bad_value_is_told_with_its_name(name: str, text: str, mend: str) -> None:
    message = refusal({name: text})
    assert message.startswith(f"{name}: ")
    assert mend in message


YAML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
WORDS = st.sampled_from([part for key in KEYS for part in key.path.split(".")])


@given(
    st.dictionaries(WORDS, YAML | st.dictionaries(WORDS, YAML, max_size=3), max_size=4),
    st.dictionaries(
        st.lists(WORDS, min_size=1, max_size=4).map(lambda p: "REGISTRY_" + "_".join(p).upper()),
        st.text(),
        max_size=4,
    ),
)
def test_anything_is_translated_or_told(tree: dict[str, Any], environment: dict[str, str]) -> None:
    try:
        made = translate(tree | VERSION, environment)
    except SettingsError:
        return
    assert set(made.tree) <= {"server", "storage", "auth", "uploads", "log"}
    assert ("anonymous" in made.tree["auth"]) != ("htpasswd" in made.tree["auth"])


def test_notification_endpoints_become_ours() -> None:
    tree = {
        "version": 0.1,
        "notifications": {
            "endpoints": [
                {
                    "name": "kraken",
                    "url": "http://kraken:8080/registry/notifications",
                    "headers": {"Authorization": ["Bearer x"]},
                    "timeout": "500ms",
                    "threshold": 5,
                    "backoff": "1s",
                },
                {"name": "off", "url": "http://off", "disabled": True},
            ]
        },
    }
    settings = load(None, {}, {}, base=translate(tree, {}).tree)
    assert settings.webhooks.endpoints == (
        "kraken http://kraken:8080/registry/notifications Bearer x",
    )


@pytest.mark.parametrize(
    "endpoint",
    [
        {"name": "a"},
        {"name": "a", "url": "http://a", "ignore": {"actions": ["pull"]}},
        {"name": "a", "url": "http://a", "headers": {"X-Token": ["hunter2"]}},
    ],
)
def test_an_endpoint_that_is_not_understood_is_refused(endpoint: dict[str, Any]) -> None:
    tree = {"version": 0.1, "notifications": {"endpoints": [endpoint]}}
    with pytest.raises(SettingsError, match=r"notifications\.endpoints") as caught:
        translate(tree, {})
    assert "hunter2" not in str(caught.value)
