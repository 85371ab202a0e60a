"""Faults as answers: the status of each code, and the body that clients read."""

import pytest

from entrepot.faces.registry.errors import STATUS, error_response
from entrepot.oci.errors import Code, Fault


def test_every_code_has_a_status() -> None:
    assert set(STATUS) == set(Code)


# distribution-spec, "Error Codes" and "Endpoints"; where there is a choice, what distribution does.
@pytest.mark.parametrize(
    "code, status",
    [
        (Code.BLOB_UNKNOWN, 404),
        (Code.BLOB_UPLOAD_INVALID, 400),
        (Code.BLOB_UPLOAD_UNKNOWN, 404),
        (Code.DENIED, 403),
        (Code.DIGEST_INVALID, 400),
        (Code.MANIFEST_BLOB_UNKNOWN, 400),
        (Code.MANIFEST_INVALID, 400),
        (Code.MANIFEST_TOO_BIG, 413),
        (Code.MANIFEST_UNKNOWN, 404),
        (Code.NAME_INVALID, 400),
        (Code.NAME_UNKNOWN, 404),
        (Code.PAGINATION_NUMBER_INVALID, 400),
        (Code.PRECONDITION, 412),
        (Code.RANGE_INVALID, 416),
        (Code.SIZE_INVALID, 400),
        (Code.TAGS_TOO_MANY, 414),
        (Code.TOOMANYREQUESTS, 429),
        (Code.UNAUTHORIZED, 401),
        (Code.UNAVAILABLE, 503),
        (Code.UNKNOWN, 500),
        (Code.UNSUPPORTED, 405),
    ],
)
def test_the_status_of_a_code(code: Code, status: int) -> None:
    assert error_response(Fault(code, "no")).status == status


def test_no_fault_is_a_success_or_a_redirect() -> None:
    assert all(400 <= status < 600 for status in STATUS.values())


def test_the_body_is_that_of_the_specification() -> None:
    response = error_response(Fault(Code.DENIED, "you “may” not\n", {"a": [1, None]}))
    assert response.headers == [(b"Content-Type", b"application/json")]
    error = '{"code":"DENIED","message":"you “may” not\\n","detail":{"a":[1,null]}}'
    assert response.body.decode() == f'{{"errors":[{error}]}}'
    assert b'"detail":null' in error_response(Fault(Code.DENIED, "no")).body


@pytest.mark.parametrize(
    "code, detail, seconds",
    [
        (Code.TOOMANYREQUESTS, None, b"1"),
        (Code.TOOMANYREQUESTS, {"seconds": 0.0}, b"1"),
        (Code.TOOMANYREQUESTS, {"seconds": 31.2}, b"32"),
        (Code.TOOMANYREQUESTS, ["seconds"], b"1"),
        (Code.UNAVAILABLE, {"digest": "sha256:…"}, b"1"),
        (Code.DENIED, {"seconds": 5}, None),
    ],
)
def test_who_must_wait_is_told_how_long(code: Code, detail: object, seconds: bytes | None) -> None:
    headers = dict(error_response(Fault(code, "wait", detail)).headers)
    assert headers.get(b"Retry-After") == seconds
