"""Answers to `http-01` challenges (RFC 8555 section 8.3)."""


class HttpResponder:
    """What is to be served at `/.well-known/acme-challenge/<token>` at this moment."""

    kind = "http-01"

    def __init__(self) -> None:
        self._answers: dict[str, str] = {}

    def present(self, _host: str, token: str, authorization: str) -> None:
        """Answer for a token from now on."""
        self._answers[token] = authorization

    def withdraw(self, _host: str, token: str) -> None:
        """Answer no more."""
        self._answers.pop(token, None)

    def answer(self, token: str) -> str | None:
        """Return the key authorization that a token asks for."""
        return self._answers.get(token)
