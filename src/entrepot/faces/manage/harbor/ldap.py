"""The directory of people, and the provider: `/ldap`, `/system/oidc/ping`.

Where they are is a matter of the settings file: what is asked about others than those is refused,
so that nobody makes the registry connect to wherever they like.
"""

from typing import Any

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About, Argument
from entrepot.oci.errors import Code, Fault
from entrepot.rules.permissions import Permission
from entrepot.services.people import PeopleService

from .answers import NotHere, done
from .api import Call, Route

TAG = "Directory"
IMPORT_MAX = 100
"""People that one request brings."""
NO_DIRECTORY = "no directory is configured: see ldap.url of the settings"


class LdapConf(msgspec.Struct):
    """A directory to be tried; without an address the one of the settings."""

    ldap_url: str | None = None


class LdapPingResult(msgspec.Struct, omit_defaults=True):
    """Whether it answered."""

    success: bool
    message: str = ""


class LdapUser(msgspec.Struct):
    """A person of the directory."""

    email: str
    realname: str
    username: str


class LdapImportUsers(msgspec.Struct):
    """People to be given accounts."""

    ldap_uid_list: list[str] | None = None


class LdapFailedImportUser(msgspec.Struct):
    """Somebody who was not given one."""

    error: str
    uid: str


class OidcTestReq(msgspec.Struct):
    """A provider to be tried."""

    url: str | None = None
    verify_cert: bool | None = None


class _Directory:
    """Answers about both."""

    def __init__(self, people: PeopleService | None, servers: tuple[str, ...], issuer: str) -> None:
        self._people = people
        self._servers = servers
        self._issuer = issuer

    def directory(self) -> PeopleService:
        if self._people is None:
            raise Fault(Code.PRECONDITION, NO_DIRECTORY)
        return self._people

    async def ping(self, call: Call) -> Response:
        given = (await call.fields(LdapConf)).ldap_url if call.request.has_body else None
        if self._people is None:
            wrong: str | None = NO_DIRECTORY
        elif given and given.rstrip("/") not in {one.rstrip("/") for one in self._servers}:
            wrong = "only the directory of the settings is tried: ldap.url says where it is"
        else:
            wrong = await self._people.trouble()
        return json_response(200, LdapPingResult(wrong is None, wrong or ""))

    async def search(self, call: Call) -> Response:
        name = call.text("username") or ""
        person = await self.directory().look_up(name) if name else None
        if person is None:
            return json_response(200, [])
        return json_response(200, [LdapUser(person.email, person.display_name, person.name)])

    async def bring(self, call: Call) -> Response:
        names = (await call.fields(LdapImportUsers)).ldap_uid_list or []
        if len(names) > IMPORT_MAX:
            raise Fault(Code.REQUEST_INVALID, f"too many people: name {IMPORT_MAX} at once")
        failed = []
        for name in names:
            try:
                if not await self.directory().bring(name):
                    failed.append(LdapFailedImportUser("unknown user", name))
            except Fault as fault:
                if fault.code is not Code.CONFLICT:
                    raise
                failed.append(LdapFailedImportUser(fault.message, name))
        return json_response(404, failed) if failed else done()

    async def groups(self, _: Call) -> Response:
        self.directory()
        raise NotHere("search groups of a directory: make a group of the same name")

    async def try_provider(self, call: Call) -> Response:
        url = ((await call.fields(OidcTestReq)).url or "").rstrip("/")
        if self._issuer and url == self._issuer.rstrip("/"):
            return done()  # it was asked when the registry started
        raise Fault(
            Code.REQUEST_INVALID,
            "only the provider of the settings is tried: oidc.issuer says where it is",
        )


def ldap_routes(people: PeopleService | None, servers: tuple[str, ...], issuer: str) -> list[Route]:
    """Return what is served of both; `servers` and `issuer` are those of the settings."""
    here = _Directory(people, servers, issuer)
    read, manage, site = Permission.USER_READ, Permission.USER_MANAGE, Permission.SITE_MANAGE
    return [
        Route("POST", "/ldap/ping", here.ping, site, _PING),
        Route("GET", "/ldap/users/search", here.search, read, _SEARCH),
        Route("POST", "/ldap/users/import", here.bring, manage, _IMPORT),
        Route("GET", "/ldap/groups/search", here.groups, read, _about("Search LDAP groups")),
        Route("POST", "/system/oidc/ping", here.try_provider, site, _OIDC),
    ]


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag=TAG, **more)


_PING = _about("Ping LDAP", takes=LdapConf, gives=LdapPingResult)
_SEARCH = _about(
    "Search LDAP users",
    gives=list[LdapUser],
    query=(Argument("username", "The name, in full."),),
    errors=(412,),
)
_IMPORT = _about("Import LDAP users", takes=LdapImportUsers, errors=(404, 412))
_OIDC = _about("Ping an OIDC provider", takes=OidcTestReq, errors=(400,))
