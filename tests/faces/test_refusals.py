"""Who is refused is noted; who is merely asked for credentials is not."""

import base64
from typing import Any

import pytest

from entrepot.faces.asgi import CERTIFICATE, Request
from entrepot.faces.refusals import note_refusal
from entrepot.oci.errors import Code, Fault
from entrepot.rules.certificates import Certificate
from entrepot.services.auditing import Act
from entrepot.services.context import Caller

UNAUTHORIZED = Fault(Code.UNAUTHORIZED, "log in again")
DENIED = Fault(Code.DENIED, "no grant")


class Trail:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.noted: list[tuple[Caller, Act]] = []

    def denied(self, caller: Caller, act: Act) -> None:
        self.noted.append((caller, act))


def request(authorization: str = "", *, actor: str = "", known: bool = False) -> Request:
    headers = [(b"user-agent", b"docker/28")]
    if authorization:
        headers.append((b"authorization", authorization.encode("latin-1")))

    async def receive() -> Any:
        raise AssertionError("the body is not looked at")

    made = Request({"headers": headers, "client": ("192.0.2.7", 4711)}, receive)
    made.actor, made.known = actor, known
    return made


def note(asked: Request, fault: Fault, **words: Any) -> list[tuple[Caller, Act]]:
    trail = Trail()
    note_refusal(trail, asked, fault, **{"operation": "repository.pull", **words})  # type: ignore[arg-type]
    return trail.noted


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_a_denial_names_who_was_denied_what() -> None:
    asked = request("Bearer x", actor="alice", known=True)
    assert note(asked, DENIED, resource="acme/app:v1", project="acme") == [
        (
            Caller("alice", "docker/28", "192.0.2.7"),
            Act(
                "repository.pull",
                "acme/app:v1",
                "acme",
                {"code": "DENIED", "reason": "no grant"},
            ),
        )
    ]


def test_credentials_that_are_not_right_are_an_attempt_to_log_in() -> None:
    ((caller, act),) = note(request(basic("alice:wrong")), UNAUTHORIZED)
    assert (caller.actor, act.operation) == ("alice", "login")
    ((caller, act),) = note(request("Bearer abc"), UNAUTHORIZED)
    assert (caller.actor, act.operation) == ("", "login")
    ((caller, act),) = note(request(actor="bob"), UNAUTHORIZED, sent=True)
    assert (caller.actor, act.operation) == ("bob", "login")


@pytest.mark.parametrize("name, noted", [("alice", "alice"), ("not a name", ""), ("", "")])
def test_a_certificate_that_is_not_right_is_an_attempt_to_log_in(name: str, noted: str) -> None:
    asked = request()
    asked.scope[CERTIFICATE] = Certificate(name)
    ((caller, act),) = note(asked, UNAUTHORIZED)
    assert (caller.actor, act.operation) == (noted, "login")


def test_who_is_known_and_needs_another_token_is_refused_what_was_asked() -> None:
    asked = request("Bearer x", actor="alice", known=True)
    ((_, act),) = note(asked, UNAUTHORIZED)
    assert act.operation == "repository.pull"


@pytest.mark.parametrize(
    "credentials",
    [
        basic("Tr0ub4dor&3:x"),
        basic("nobody"),
        basic("a\nb:x"),
        basic("a" * 65 + ":x"),
        "Basic %%%",
        "Basic",
        basic("x:y")[:-3],
    ],
)
def test_what_looks_like_no_name_is_not_written(credentials: str) -> None:
    ((caller, _),) = note(request(credentials), UNAUTHORIZED)
    assert caller.actor in ("", "x")


def test_asking_for_credentials_and_other_faults_are_no_attempt() -> None:
    assert note(request(), UNAUTHORIZED) == []
    assert note(request(basic("a:b")), Fault(Code.NOT_FOUND, "gone")) == []
    note_refusal(None, request(basic("a:b")), UNAUTHORIZED, operation="x")
