"""Logs: readable, parseable, and never a secret or a command to the terminal."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from entrepot.adapters.logging import Log, configure

SECRET = "correct horse"


class Terminal(io.StringIO):
    """A stream somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    handlers, level = [*logging.root.handlers], logging.root.level
    # `configure` closes the handlers that it replaces, and pytest needs its own.
    logging.root.handlers.clear()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


def check(password: str) -> None:
    raise ValueError(f"{len(password)} characters")


def failing(log: Log, event: str = "request failed") -> None:
    try:
        check(SECRET)
    except ValueError:
        log.exception(event, path="/v2/")


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def test_json_is_one_object_on_a_line() -> None:
    stream = io.StringIO()
    log = configure("info", "json", stream)
    log.info("request", status=200, path="/v2/\n\x1b[31m")
    failing(log)
    first, second = map(json.loads, lines(stream))
    assert {**first, "timestamp": ""} == {
        "event": "request",
        "level": "info",
        "status": 200,
        "path": "/v2/\n\x1b[31m",
        "timestamp": "",
    }
    assert first["timestamp"].endswith("Z")
    assert second["level"] == "error"
    assert "ValueError: 13 characters" in second["exception"]


def test_text_is_read_by_people() -> None:
    stream = io.StringIO()
    configure("info", "text", stream).info("request", status=200, path="/v2/app")
    (line,) = lines(stream)
    assert "info" in line
    assert "request" in line
    assert "status=200" in line
    assert "path=/v2/app" in line


@pytest.mark.parametrize("style", ["text", "json"])
@pytest.mark.parametrize("stream_kind", [io.StringIO, Terminal])
def test_a_traceback_shows_no_values(style: str, stream_kind: type[io.StringIO]) -> None:
    """structlog would print all variables where `rich` is installed, passwords among them."""
    stream = stream_kind()
    log = configure("info", style, stream)
    failing(log)
    try:
        check(SECRET)
    except ValueError:
        logging.getLogger("asyncio").exception("task failed")
    assert "ValueError: 13 characters" in stream.getvalue()
    assert stream.getvalue().count("in check") == 2
    assert SECRET not in stream.getvalue()


@pytest.mark.parametrize("letter", ["\x1b", "\n", "\r", "\x07", "\x9b", "\u202e", "\x00", "\u2028"])
def test_what_a_client_sends_commands_no_terminal(letter: str) -> None:
    stream = io.StringIO()
    log = configure("info", "text", stream)
    event = f"got{letter}event"
    log.info(event, path=f"/v2/{letter}2026-11-21 [info] forged")
    logging.getLogger("entrepot.server").warning("dropping %s", f"a{letter}b")
    text = stream.getvalue()
    assert text.count("\n") == 2
    assert letter == "\n" or letter not in text
    assert repr(letter)[1:-1] in text


def test_an_exception_keeps_its_lines_and_loses_its_commands() -> None:
    stream = io.StringIO()
    log = configure("info", "text", stream)
    try:
        raise ValueError("bad \x1b[2J name")
    except ValueError:
        log.exception("request failed")
    assert len(lines(stream)) > 3
    assert "\x1b" not in stream.getvalue()
    assert r"bad \x1b[2J name" in stream.getvalue()


@pytest.mark.parametrize("stream_kind,is_text", [(io.StringIO, False), (Terminal, True)])
def test_auto_is_text_where_somebody_looks_on(
    stream_kind: type[io.StringIO], *, is_text: bool
) -> None:
    stream = stream_kind()
    configure("info", "auto", stream).info("request")
    assert lines(stream)[0].startswith("{") != is_text


def test_what_is_below_the_level_is_left_out() -> None:
    stream = io.StringIO()
    log = configure("info", "json", stream)
    log.debug("client went away")
    assert lines(stream) == []
    quiet = configure("error", "json", stream)
    quiet.info("request")
    assert lines(stream) == []
    failing(quiet)
    assert len(lines(stream)) == 1


def test_libraries_say_what_is_wrong_in_the_same_form() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    logging.getLogger("uvicorn").info("started")
    logging.getLogger("entrepot.server").warning("dropping %d connections", 3)
    (found,) = map(json.loads, lines(stream))
    assert {**found, "timestamp": ""} == {
        "event": "dropping 3 connections",
        "level": "warning",
        "timestamp": "",
    }


def test_logs_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json").info("request")
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["event"] == "request"


def test_the_level_can_be_changed() -> None:
    stream = io.StringIO()
    log = configure("warning", "json", stream)
    levels = ("debug", "info", "warning")

    def written() -> list[str]:
        stream.truncate(0)
        stream.seek(0)
        for level in levels:
            getattr(log, level)("event")
        return [json.loads(line)["level"] for line in lines(stream)]

    assert written() == ["warning"]
    log.set_level("debug")
    assert written() == [*levels]
    log.set_level("info")
    assert written() == ["info", "warning"]
