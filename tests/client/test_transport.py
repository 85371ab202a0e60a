"""The client's side of HTTP, against a server that says what it is told."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from entrepot.client.api import Client
from entrepot.client.errors import ClientError, NotOurs, Refused, Unreachable
from entrepot.client.made.projects import NewProject, ProjectChange
from entrepot.client.made.robots import RobotGrant
from entrepot.client.transport import Transport, address, segment

PROJECT = {"name": "a", "public": True, "networks": [], "created_at": "2026", "created_by": "me"}


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Stage:
    """What was asked, and what is to be said: status, header fields and a body."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    said: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)

    def say(self, status: int, value: object = None, **headers: str) -> None:
        body = b"" if value is None else msgspec.json.encode(value)
        self.said.append((status, headers, body))

    @property
    def client(self) -> Client:
        return Client(Transport.at_url(self.url, "ada", "secret"))


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            made.asked.append(Asked(self.command, self.path, dict(self.headers), body))
            status, headers, said = made.said.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the library's names

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_value_comes_back_typed(stage: Stage) -> None:
    stage.say(201, PROJECT, ETag='"one"')
    client = stage.client
    made = client.projects.make_project(NewProject(name="a", public=True), key="k-1")
    assert (made.name, made.public, made.created_by) == ("a", True, "me")
    assert client.transport.etag == '"one"'
    (asked,) = stage.asked
    assert (asked.method, asked.path) == ("POST", "/api/entrepot/v1/projects")
    assert msgspec.json.decode(asked.body) == {"name": "a", "public": True}
    assert asked.headers["Idempotency-Key"] == "k-1"
    assert asked.headers["Authorization"].startswith("Basic ")
    assert asked.headers["User-Agent"].startswith("entrepot/")
    client.transport.close()


def test_what_a_later_version_adds_is_no_matter(stage: Stage) -> None:
    stage.say(200, {**PROJECT, "colour": "red"})
    client = stage.client
    assert client.projects.get_project("a").name == "a"
    client.transport.close()


def test_names_are_one_segment_and_conditions_are_sent(stage: Stage) -> None:
    stage.say(200, PROJECT)
    client = stage.client
    client.projects.change_project("a/b c", ProjectChange(public=False), if_match='"one"')
    (asked,) = stage.asked
    assert asked.path == "/api/entrepot/v1/projects/a%2Fb%20c"
    assert asked.headers["If-Match"] == '"one"'
    assert "Idempotency-Key" not in asked.headers
    client.transport.close()


def test_one_of_two_answers(stage: Stage) -> None:
    stage.say(204)
    client = stage.client
    assert client.projects.delete_project("a") is None
    client.transport.close()


def test_page_after_page(stage: Stage) -> None:
    stage.say(200, {"items": [PROJECT, PROJECT], "next": "b c"})
    stage.say(200, {"items": [PROJECT], "next": None})
    client = stage.client
    assert len([*client.projects.list_projects_all()]) == 3
    assert stage.asked[1].path == "/api/entrepot/v1/projects?limit=1000&after=b+c"
    # No more than was asked for, though a server gives more; and no page for ever.
    stage.say(200, {"items": [PROJECT, PROJECT], "next": "b"})
    assert len([*client.projects.list_projects_all(most=1)]) == 1
    stage.say(200, {"items": [PROJECT], "next": "b"})
    stage.say(200, {"items": [PROJECT], "next": "b"})
    assert len([*client.projects.list_projects_all()]) == 2
    client.transport.close()


def test_a_refusal_says_all(stage: Stage) -> None:
    stage.say(404, {"status": 404, "title": "NOT_FOUND", "detail": "there is no {this}"})
    client = stage.client
    with pytest.raises(Refused) as caught:
        client.projects.get_project("a")
    error = caught.value
    assert (error.status, error.title, error.detail) == (404, "NOT_FOUND", "there is no {this}")
    assert str(error) == "there is no {this}"
    client.transport.close()


@pytest.mark.parametrize(
    "status,value", [(200, {"name": 1}), (200, []), (202, PROJECT), (200, "hello")]
)
def test_another_program(stage: Stage, status: int, value: object) -> None:
    stage.say(status, value)
    client = stage.client
    with pytest.raises(NotOurs):
        client.projects.get_project("a")
    client.transport.close()


def test_lines(stage: Stage) -> None:
    stage.said.append((200, {}, b"one\ntwo\n"))
    client = stage.client
    assert [*client.audit.export_audit_log(actor="ada", refused=True)] == [b"one\n", b"two\n"]
    assert stage.asked[0].path == "/api/entrepot/v1/audit/export?actor=ada&refused=true"
    client.transport.close()


def test_nobody_there(tmp_path: Path) -> None:
    transport = Transport.at_socket(tmp_path)
    with pytest.raises(Unreachable, match="not running"):
        Client(transport).access.whoami()
    transport.close()
    with pytest.raises(ClientError, match="too long"):
        Transport.at_socket(tmp_path / ("x" * 100))
    for url in ("ftp://example.com", "http://", "http://[::1"):
        with pytest.raises(ClientError, match="not an address"):
            Transport.with_token(url, "token")


def test_addresses() -> None:
    assert segment("a/b") == "a%2Fb"
    assert address("/x", {"a": None, "b": False, "c": 1, "d": "ä b"}) == (
        "/api/entrepot/v1/x?b=false&c=1&d=%C3%A4+b"
    )


def test_what_is_not_said_is_not_sent() -> None:
    assert msgspec.json.encode(ProjectChange()) == b"{}"
    # What stands in answers too is whole when it is printed.
    assert b"role" in msgspec.json.encode(RobotGrant(scope="*"))
