"""Which language is spoken, and that all of it is there."""

import os
import subprocess
import sys

import pytest

from entrepot.faces.cli.messages import chosen
from entrepot.faces.cli.messages.widths import columns


@pytest.mark.parametrize(
    "environment, language",
    [
        ({}, None),
        ({"LANG": "C.UTF-8"}, None),
        ({"LANG": "de_DE.UTF-8"}, None),
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "zh_TW.UTF-8"}, "zh_CN"),
        ({"LANG": "zh"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, None),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8", "LC_MESSAGES": "C"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, None),
        ({"LANG": "C", "ENTREPOT_LANG": "zh"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "ENTREPOT_LANG": "en"}, None),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "", "ENTREPOT_LANG": ""}, "zh_CN"),
    ],
)
def test_the_first_variable_that_is_set_says_it(
    environment: dict[str, str], language: str | None
) -> None:
    assert chosen(environment, "utf-8") == language


@pytest.mark.parametrize(
    "encoding, language",
    [
        ("utf-8", "zh_CN"),
        ("gb18030", "zh_CN"),
        ("gbk", "zh_CN"),
        ("big5", None),
        ("ascii", None),
        ("latin-1", None),
        ("no-such", None),
        (None, None),
    ],
)
def test_a_terminal_that_cannot_show_chinese_gets_english(
    encoding: str | None, language: str | None
) -> None:
    assert chosen({"LANG": "zh_CN"}, encoding) == language


def told(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Return what a process of its own tells: the language is chosen when one starts."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "entrepot", *words],
        env={**kept, "PYTHONUTF8": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_help_is_chinese_and_no_line_too_wide() -> None:
    done = told("robot", "create", "--help", LANG="zh_CN.UTF-8", COLUMNS="80")
    assert done.stdout.startswith("用法: entrepot robot create [OPTIONS] NAME\n\n  创建")
    assert "entrepot robot create ci --project acme" in done.stdout
    assert "显示此帮助并退出。" in done.stdout
    assert max(columns(line) for line in done.stdout.splitlines()) <= 80


def test_errors_of_the_command_line_are_chinese() -> None:
    done = told("user", "list", "--data", "/nowhere", LANG="zh_TW.UTF-8")
    assert done.returncode == 1
    assert done.stderr.startswith("entrepot: 服务器没有在 /nowhere 上运行：")
    done = told("user", "lst", ENTREPOT_LANG="zh", LANG="C")
    assert done.returncode == 2
    assert "错误：没有命令 'lst'。" in done.stderr


def test_without_a_word_it_is_english() -> None:
    done = told("user", "list", "--data", "/nowhere")
    assert done.stderr.startswith("entrepot: the server is not running on /nowhere: start it")
