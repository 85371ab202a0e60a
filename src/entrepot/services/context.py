"""Who asks: carried into every change, for history and audit."""

from dataclasses import dataclass

OPERATOR = "operator"
"""The actor of what is asked for on the control socket: no account, whoever has that name."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity and the client program behind a request."""

    actor: str = ""
    """Account name, or empty for an anonymous caller."""
    client: str = ""
    """User-Agent, cut to a bounded length by the face."""
    address: str = ""
    """Where from, as `rules.networks` writes addresses; empty for jobs and the operator."""
    founds: bool = False
    """Whether they may only because their first push makes the project."""
    creates: bool = False
    """Whether they may make the project, and so run it; who only may push everywhere does not."""


ANONYMOUS = Caller()
