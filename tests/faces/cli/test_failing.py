"""What is told of a server that cannot start."""

import errno
import os

import pytest

from entrepot.faces.cli.failing import at_catalog, cause_of
from entrepot.ports.catalog import Busy


@pytest.mark.parametrize(
    "number, told",
    [
        (errno.ENOENT, "/x: there is no such file or directory: check the path"),
        (errno.EACCES, "/x may not be used by this user: give it the right to, or name another"),
        (errno.ENOTDIR, "/x is in the way, and no directory: name another place"),
        (errno.ENOSPC, "/x: the disk is full: make room, or name a directory on another one"),
        (errno.EIO, f"/x: {os.strerror(errno.EIO)}"),
    ],
)
def test_errors_of_the_system_have_a_cure_and_no_number(number: int, told: str) -> None:
    assert cause_of(OSError(number, os.strerror(number), "/x")) == told


def test_errors_in_our_own_words_stay() -> None:
    assert cause_of(OSError("k.pem is no key")) == "k.pem is no key"
    assert cause_of(PermissionError(errno.EACCES, "no such bucket: create it")) == (
        "no such bucket: create it"
    )


def test_where_postgresql_was_looked_for_and_no_password() -> None:
    told = at_catalog(Busy("the catalog is away"), "postgresql://me:hidden@db1,db2:5433/hub?x=y")
    assert "PostgreSQL runs at db1,db2:5433," in told
    assert "hidden" not in told
    assert at_catalog(Busy("the catalog is away"), "") == "the catalog is away"
