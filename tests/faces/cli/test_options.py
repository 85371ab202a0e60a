"""What commands share: tables, changes, errors in the user's language."""

import click
import pytest

from entrepot.client.errors import ClientError
from entrepot.faces.cli import options
from entrepot.faces.cli.options import (
    show_change,
    show_each,
    show_removed,
    show_table,
    show_would,
    told,
)

CHINESE = {
    "NAME": "名称",
    "SEEN BY": "可见范围",
    "nothing listens at {url}": "{url} 没有程序在监听",
}


def test_columns_stand_below_each_other_in_chinese(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(options, "_", lambda text: CHINESE.get(text, text))
    show_table(("NAME", "SEEN BY", ""), [("library", "所有人", 1), ("项目一", "members", 23)])
    assert capsys.readouterr().out.splitlines() == [
        "名称     可见范围",
        "library  所有人    1",
        "项目一   members   23",
    ]


def test_an_error_is_told_in_the_users_language(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ClientError("nothing listens at {url}", url="http://{x}")
    assert told(error) == "nothing listens at http://{x}"
    assert told(ClientError("a {word} of the server's")) == "a {word} of the server's"
    monkeypatch.setattr(options, "_", lambda text: CHINESE.get(text, text))
    assert told(error) == "http://{x} 没有程序在监听"


def test_changes_are_told_to_people_or_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    show_change({"name": "a"}, "a made", as_json=False)
    show_change({"name": "a"}, "a made", as_json=True)
    show_removed(["a"], ["a removed"], as_json=False)
    show_removed(["a"], ["a removed"], as_json=True)
    show_would([{"name": "a"}], ["a would go"], as_json=False)
    show_would([{"name": "a"}], ["a would go"], as_json=True)
    assert capsys.readouterr().out.splitlines() == [
        "a made",
        '{"name":"a"}',
        "a removed",
        '{"done":true,"removed":["a"]}',
        "a would go",
        '{"done":false,"would_remove":[{"name":"a"}]}',
    ]


def test_what_was_done_before_something_failed_was_told(capsys: pytest.CaptureFixture[str]) -> None:
    def do(number: int) -> None:
        if number == 3:
            raise click.ClickException("three is not to be had")

    with pytest.raises(click.ClickException):
        show_each((1, 2, 3), do, lambda one: f"{one} done", key="removed", as_json=False)
    assert capsys.readouterr().out == "1 done\n2 done\n"
    show_each((1, 2), do, lambda one: f"{one} done", key="removed", as_json=True)
    assert capsys.readouterr().out == '{"done":true,"removed":[1,2]}\n'
