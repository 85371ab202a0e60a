"""Who asks: carried into every change, for history and audit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity and the client program behind a request."""

    actor: str = ""
    """Account name, or empty for an anonymous caller."""
    client: str = ""
    """User-Agent, cut to a bounded length by the face."""


ANONYMOUS = Caller()
