"""Structured logs on standard error, as text or as JSON lines."""

import logging
import sys
from typing import Any, Protocol, TextIO

import structlog


class Log(Protocol):
    """A structured logger: an event and its facts."""

    def debug(self, event: str, **facts: Any) -> Any: ...
    def info(self, event: str, **facts: Any) -> Any: ...
    def exception(self, event: str, **facts: Any) -> Any: ...


def configure(level: str, style: str, stream: TextIO = sys.stderr) -> Log:
    """Send all logs to `stream` and return the logger of the product.

    `style` is `text`, `json` or `auto`: text where somebody looks on.
    """
    as_text = style == "text" or (style == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
        if as_text
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard module; only what is wrong is of interest.
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=last))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    log: Log = structlog.get_logger()
    return log
