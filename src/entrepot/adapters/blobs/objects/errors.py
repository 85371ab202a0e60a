"""Errors of object stores as OSError, with what may mend them."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from entrepot.ports.blobs import StoreFull

TEXT_MAX_CHARACTERS = 300
"""How much of a store's own words an error repeats."""

_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_STATUS_DENIED = re.compile(r"status code: 40[13]\b")
_NO_AUTHORITIES = "No CA certificates"
_FULL = frozenset({"507", "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"})
_DENIED = {
    "AccessDenied": "the credentials lack a permission that blobs.md lists: grant it",
    "ExpiredToken": "the credentials have expired: renew them",
    "InvalidAccessKeyId": "the access key is not known: check the credentials",
    "RequestTimeTooSkewed": "the clocks differ: set this machine's clock",
    "SignatureDoesNotMatch": "the secret key is wrong: check the credentials",
    "NoSuchBucket": "there is no such bucket: create it, or mend storage.blobs",
    "AuthenticationFailed": "the account's key is wrong, or the clocks differ: check both",
    "AuthorizationFailure": "the key is wrong, or the account lets nobody in from here: check both",
    "ContainerNotFound": "there is no such container: create it, or mend storage.blobs",
    "ContainerBeingDeleted": "the container is being deleted: mend storage.blobs",
}
_NOWHERE = frozenset({"NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"})
"""What is said of any object where there is no bucket, by S3 and Google, or by Azure."""


class StoreRefused(PermissionError):
    """The object store knows us and will not, or does not know us."""


class StoreFailed(OSError):
    """The object store cannot be reached, or answers what it should not: EIO."""

    def __init__(self, *said: object) -> None:
        super().__init__(*(said if len(said) > 1 else (errno.EIO, *said)))


class Taken(Exception):
    """The object of that name is another one; only for who said which it should be."""


@contextmanager
def told(doing: str, *, conditional: bool = False) -> Iterator[None]:
    """Raise what obstore raises as OSError: FileNotFoundError, `StoreRefused`, `StoreFull` ...

    A missing bucket is none of the first, lest blobs seem to be gone. What is `conditional` raises
    `Taken` where its condition is not met.
    """
    try:
        yield
    except FileNotFoundError as error:
        if code_in(str(error)) in _NOWHERE:
            raise failure(doing, str(error)) from error
        raise FileNotFoundError(errno.ENOENT, f"{doing}: it is not there") from error
    except (AlreadyExistsError, PreconditionError) as error:
        if not conditional or code_in(str(error)) in _NOWHERE:
            raise failure(doing, str(error)) from error
        raise Taken(doing) from error
    except BaseError as error:
        raise failure(doing, str(error)) from error
    except (StoreFailed, StoreRefused, StoreFull):
        raise
    except (OSError, ValueError, RuntimeError) as error:
        # Of the system, a credential provider, or the runtime's end.
        said = shortened(str(error)) or type(error).__name__
        raise StoreFailed(errno.EIO, f"{doing}: {said}") from error


@contextmanager
def made(name: str) -> Iterator[None]:
    """Raise as `StoreFailed`, with its cure, that obstore cannot even make a client."""
    try:
        yield
    except (BaseError, ValueError) as error:
        text = shortened(str(error))
        if _NO_AUTHORITIES in str(error):
            text = (
                "this machine has no certificates of authorities, which the client needs even "
                "for http://: install the package ca-certificates, set SSL_CERT_FILE, or name a "
                "PEM file in objects.ca"
            )
        raise StoreFailed(f"{name} cannot be used: {text}") from error


def code_in(text: str) -> str:
    """Return the code of an S3 error, or else the HTTP status, that a text has; or nothing."""
    found = _CODE.search(text) or _STATUS.search(text)
    return found[1] if found else ""


def failure(doing: str, text: str, code: str = "") -> OSError:
    """Return the error for what a store said; `code` is S3's, if it is known."""
    code = code or code_in(text)
    if code in _FULL:
        return StoreFull(errno.ENOSPC, f"{doing}: the object store is full: free some space")
    if code in _DENIED:
        return StoreRefused(errno.EACCES, f"{doing}: {code}: {_DENIED[code]}")
    if code in ("401", "403", "Forbidden") or _STATUS_DENIED.search(text):
        return StoreRefused(errno.EACCES, f"{doing}: {code}: {_DENIED['AccessDenied']}")
    # The code first: behind a long URL it may be cut off.
    said = f"{code}: {shortened(text)}" if code else shortened(text)
    return StoreFailed(errno.EIO, f"{doing}: {said}")


def shortened(text: str) -> str:
    """Return one line of what may be a page."""
    return " ".join(text.partition("\n\nDebug source")[0].split())[:TEXT_MAX_CHARACTERS]
