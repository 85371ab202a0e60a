"""Where settings are read from, and which of them count."""

from pathlib import Path

import pytest

from entrepot.settings import Settings, SettingsError, read

VARIABLES = {"REGISTRY_STORAGE_DELETE_ENABLED": "true"}
HTPASSWD = "version: 0.1\nauth:\n  htpasswd:\n    realm: r\n    path: /auth/htpasswd\n"


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def refusal(config: str | None, environment: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        read(config, environment, {}, places=())
    return str(caught.value)


def test_nothing_is_entrepots_own(tmp_path: Path) -> None:
    place = written(tmp_path / "config.yml", HTPASSWD)
    sources = read(None, {}, {}, places=[place])
    assert sources.settings == Settings()
    assert sources.notes == ()


def test_a_toml_file(tmp_path: Path) -> None:
    config = written(tmp_path / "entrepot.toml", '[storage]\ndata = "here"')
    sources = read(config, {}, {}, places=())
    assert sources.settings.storage.data == "here"
    assert sources.notes == ()


def test_with_a_toml_file_the_variables_of_registry2_do_not_count(tmp_path: Path) -> None:
    config = written(tmp_path / "entrepot.toml", '[storage]\ndata = "here"')
    sources = read(config, VARIABLES, {}, places=())
    assert sources.settings.server == Settings().server
    assert sources.settings.auth == Settings().auth
    (note,) = sources.notes
    assert note.startswith("warning: ")
    assert "REGISTRY_STORAGE_DELETE_ENABLED" in note


def test_variables_of_registry2() -> None:
    sources = read(None, VARIABLES, {}, places=["/nowhere/config.yml"])
    assert sources.settings.storage.data == "/var/lib/registry"
    assert sources.settings.auth.anonymous == "all"
    assert sources.notes == ("settings of registry:2, from 1 REGISTRY_* variables",)


@pytest.mark.parametrize("name", ["config.yml", "config.yaml"])
def test_a_file_of_registry2_by_its_name(tmp_path: Path, name: str) -> None:
    config = written(tmp_path / name, HTPASSWD)
    sources = read(config, {}, {}, places=())
    assert sources.settings.auth.htpasswd == "/auth/htpasswd"
    assert sources.notes == (f"settings of registry:2, from {config}",)


def test_a_file_of_registry2_by_its_variable(tmp_path: Path) -> None:
    config = written(tmp_path / "config.yml", HTPASSWD)
    environment = {"REGISTRY_CONFIGURATION_PATH": config}
    assert read(None, environment, {}, places=()).settings.auth.realm == "r"
    assert refusal(None, {"REGISTRY_CONFIGURATION_PATH": "/nowhere.yml"}).startswith("/nowhere.yml")


def test_a_file_of_registry2_at_its_place(tmp_path: Path) -> None:
    places = [str(tmp_path / "none.yml"), written(tmp_path / "config.yml", HTPASSWD)]
    sources = read(None, VARIABLES, {}, places=places)
    assert sources.settings.auth.htpasswd == "/auth/htpasswd"
    assert sources.settings.storage.delete
    assert places[1] in sources.notes[0]


def test_variables_of_entrepot_and_flags_win() -> None:
    environment = VARIABLES | {"ENTREPOT_STORAGE_DELETE": "false", "ENTREPOT_DATA": "env"}
    sources = read(None, environment, {("storage", "data"): "flag"}, places=())
    assert not sources.settings.storage.delete
    assert sources.settings.storage.data == "flag"


@pytest.mark.parametrize(
    "name,value",
    [("ENTREPOT_ADMIN_PASSWORD", "a long value"), ("ENTREPOT_AUTH_ANONYMOUS_PULL", "*")],
)
def test_who_gets_in_is_not_everyone_once_entrepot_is_told(name: str, value: str) -> None:
    settings = read(None, VARIABLES | {name: value}, {}, places=()).settings
    assert settings.auth.anonymous == ""
    assert not settings.auth.open


def test_open_by_flag_is_for_this_machine_with_registry2_too() -> None:
    with pytest.raises(SettingsError, match=r"auth\.open"):
        read(None, VARIABLES, {("auth", "open"): True}, places=())


def test_what_is_ignored_is_noted() -> None:
    environment = VARIABLES | {"REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL": "http://hook.example"}
    notes = read(None, environment, {}, places=()).notes
    assert notes[1] == (
        "warning: REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL is ignored: there is no such key, or no "
        "variable for a part of an endpoint"
    )


def test_a_bad_value_is_told_by_the_name_it_was_given_under() -> None:
    message = refusal(None, {"REGISTRY_HTTP_ADDR": "5000"})
    assert message.startswith("REGISTRY_HTTP_ADDR: server.listen: ")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for name in ("gone.yml", "gone.toml"):
        assert refusal(str(tmp_path / name), {}).startswith(str(tmp_path / name))
    binary = tmp_path / "binary.yml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refusal(str(binary), {})
    assert "version: 0.1" in refusal(written(tmp_path / "empty.yml", ""), {})


def test_the_file_of_the_image(tmp_path: Path) -> None:
    named = {"ENTREPOT_CONFIG": written(tmp_path / "image.toml", '[storage]\ndata = "/data"')}
    assert read(None, named, {}, places=()).settings.storage.data == "/data"
    config = written(tmp_path / "own.toml", '[storage]\ndata = "mine"')
    assert read(config, named, {}, places=()).settings.storage.data == "mine"


def test_registry2_in_the_image_is_as_anywhere(tmp_path: Path) -> None:
    named = {"ENTREPOT_CONFIG": written(tmp_path / "image.toml", '[storage]\ndata = "/data"')}
    sources = read(None, VARIABLES | named, {}, places=())
    assert sources.settings.storage.data == "/var/lib/registry"
    assert sources == read(None, VARIABLES, {}, places=())


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text("[server\n")
    with pytest.raises(SettingsError, match=r"hub\.toml is not valid TOML: .* line 1"):
        read(str(file), {}, {})


@pytest.mark.parametrize(
    "name, meant",
    [
        ("ENTREPOT_LISTEN", "ENTREPOT_SERVER_LISTEN"),
        ("ENTREPOT_SERVR_LISTEN", "ENTREPOT_SERVER_LISTEN"),
        ("ENTREPOT_STORGE_DATA", "ENTREPOT_STORAGE_DATA"),
    ],
)
def test_a_variable_that_is_misspelt_is_told(name: str, meant: str) -> None:
    told = (f"warning: {name} is not looked at; did you mean {meant}?",)
    assert read(None, {name: "x"}, {}, places=()).notes == told


def test_variables_of_others_are_left_alone() -> None:
    theirs = {
        f"ENTREPOT_{name}": "x"
        for name in (
            *("LANG", "SERVER", "USERNAME", "IMAGE", "PUBLISH", "WEBHOOK_SECRET", "REMOTE_SECRET"),
            *("ID_TOKEN", "ID_TOKEN_AUDIENCE", "ID_TOKEN_FILE", "MIGRATE_TO", "OLD_CATALOG"),
            *("COMPLETE", "MASTER_KEYS", "PASSWORD"),
            *("PORT", "PORT_5000_TCP", "PORT_5000_TCP_ADDR", "SERVICE_HOST", "SERVICE_PORT"),
        )
    }
    assert read(None, theirs, {}, places=()).notes == ()
