"""harborapi's client of a registry under test, and what its tests share."""

from typing import Any

from harborapi import HarborAsyncClient
from harborapi.models import ProjectReq, UserCreationReq

from tests.blackbox.harbor_site import Site
from tests.blackbox.harbor_talk import ROOT

PASSWORD = "Made4Tests-only"  # of accounts that live as long as a test


def client(site: Site, name: str = "admin", secret: str | None = None) -> HarborAsyncClient:
    """Return a client that tries everything once."""
    password = secret or site.password
    return HarborAsyncClient(f"{site.url}{ROOT}", username=name, secret=password, retry=None)


def number_of(location: str) -> int:
    """Return the number of what was created, as clients read it from where it lies."""
    assert location.startswith(f"{ROOT}/"), location
    return int(location.rpartition("/")[2])


async def new_project(harbor: HarborAsyncClient, name: str, **fields: Any) -> int:
    """Make a project; return its number."""
    await harbor.create_project(ProjectReq(project_name=name, **fields))
    number = (await harbor.get_project(name)).project_id
    assert number is not None
    return number


async def new_user(harbor: HarborAsyncClient, name: str) -> int:
    """Make a user with `PASSWORD`; return its number."""
    user = UserCreationReq(username=name, password=PASSWORD)
    user.email, user.realname, user.comment = f"{name}@example.com", name.title(), "a test"
    return number_of(await harbor.create_user(user))
