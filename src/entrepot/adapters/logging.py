"""Structured logs on standard error, as text or as JSON lines."""

import logging
import sys
from collections.abc import Callable
from typing import Any, Protocol, TextIO

import structlog
from structlog.typing import EventDict

# structlog's own choice prints variables, wherever `rich` happens to be installed.
_TRACE = structlog.dev.plain_traceback


class Log(Protocol):
    """A structured logger: an event and its facts."""

    def debug(self, event: str, **facts: Any) -> Any: ...
    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...
    def exception(self, event: str, **facts: Any) -> Any: ...


class LeveledLog:
    """The logger of the product, whose level can be changed while it is in use."""

    __slots__ = ("debug", "exception", "info", "warning")

    debug: Callable[..., Any]
    info: Callable[..., Any]
    warning: Callable[..., Any]
    exception: Callable[..., Any]

    def __init__(self, level: str) -> None:
        self.set_level(level)

    def set_level(self, level: str) -> None:
        """Write `debug`, `info`, `warning` or `error` and what is worse."""
        wrapper = structlog.make_filtering_bound_logger(level)
        logger = structlog.get_config()["logger_factory"]()
        # Bound here, not looked up: a line that the level leaves out must cost nothing.
        bound = structlog.wrap_logger(logger, wrapper_class=wrapper).bind()
        for name in self.__slots__:
            setattr(self, name, getattr(bound, name))


def configure(level: str, style: str, stream: TextIO | None = None) -> LeveledLog:
    """Send all logs to `stream` (standard error) and return the logger of the product.

    `style` is `text`, `json` or `auto`: text where somebody looks on. Tracebacks never show the
    values of variables, as passwords are among them.
    """
    stream = stream or sys.stderr
    as_text = style == "text" or (style == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    # Facts as they were said: of a request method, path and status stand together.
    console = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=_TRACE, sort_keys=False
    )
    last: list[structlog.typing.Processor] = (
        [_visible, console] if as_text else [structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *last],
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard module; only what is wrong is of interest.
    handler = logging.StreamHandler(stream)
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=[meta, *last], foreign_pre_chain=shared)
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    return LeveledLog(level)


def _visible(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Write control characters as escapes: what a client sends must not command a terminal."""
    return {
        key: _escaped(value, keep="\n\t" if key == "exception" else "")
        if isinstance(value, str)
        else value
        for key, value in event.items()
    }


def _escaped(text: str, *, keep: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in keep else repr(letter)[1:-1] for letter in text
    )
