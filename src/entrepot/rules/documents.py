"""Policy documents: JSON values read into typed shapes, with errors for people."""

from typing import TypeVar

import msgspec

from entrepot.oci.errors import Code, Fault

Shape = TypeVar("Shape")


def read(document: object, shape: type[Shape], what: str) -> Shape:
    """Return the decoded JSON value `document` as a `shape`.

    `Fault(REQUEST_INVALID)` names the place that does not fit; `what` names the policy.
    """
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise refused(what, str(error)) from None


def refused(what: str, cause: str) -> Fault:
    """Return the fault of a document that cannot be kept; the cause ends with its cure, if any."""
    return Fault(Code.REQUEST_INVALID, f"the {what} document is not right: {cause}", {"what": what})
