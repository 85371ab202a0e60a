"""The registry that the suites run against."""

import base64
import http.client
from dataclasses import dataclass, field

TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Target:
    """A registry at HOST:PORT, without TLS; without a name it needs no login."""

    host: str
    username: str = ""
    password: str = field(default="", repr=False)

    def send(self, method: str, path: str, body: bytes, content_type: str) -> None:
        """Send one request. Raises `OSError` unless it is answered 201."""
        headers = {"Content-Type": content_type}
        if self.username:
            credentials = base64.b64encode(f"{self.username}:{self.password}".encode())
            headers["Authorization"] = f"Basic {credentials.decode()}"
        connection = http.client.HTTPConnection(self.host, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            if answer.status != 201:
                raise OSError(f"{method} {path}: {answer.status}, {answer.read(1000)!r}")
        finally:
            connection.close()
