"""A real directory: Debian's slapd on loopback, with people, groups and TLS.

With a few attributes of Active Directory, by their own numbers; what only its server does (names
such as alice@corp, groups of groups) slapd does not.
"""

import shutil
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ldap3 import NONE, Connection, Server

from entrepot.adapters.tls import own_certificate
from tests.blackbox.processes import Daemon, Workspace, base_environment
from tests.blackbox.toolbox import Toolbox

SUFFIX = "dc=example,dc=com"
PEOPLE = f"ou=people,{SUFFIX}"
GROUPS = f"ou=groups,{SUFFIX}"
ADMIN_DN = f"cn=admin,{SUFFIX}"
ADMIN_PASSWORD = "of-the-directory"
SEARCHER_DN = f"cn=entrepot,{SUFFIX}"
SEARCHER_PASSWORD = "of-the-searcher"
PASSWORD = "open sesame"

CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.4203.666.1.1 NAME 'likeActiveDirectory' SUP top AUXILIARY
  MAY ( sAMAccountName $ objectGUID ) )
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {home}/pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
# What others do unasked: a name without a password is a success, as nobody.
allow bind_anon_dn
database mdb
suffix {suffix}
rootdn {admin}
rootpw {password}
directory {home}/data
maxsize 16777216
access to attrs=userPassword by anonymous auth by * none
access to dn.base="cn=hidden,ou=groups,{suffix}" by * none
access to * by anonymous auth by users read
overlay memberof
memberof-group-oc groupOfNames
memberof-member-ad member
"""


@dataclass(frozen=True, slots=True)
class Slapd:
    """A server that runs."""

    daemon: Daemon
    plain: int
    secure: int
    certificate: Path

    @property
    def url(self) -> str:
        """Without TLS, or for StartTLS."""
        return f"ldap://127.0.0.1:{self.plain}"

    @property
    def ldaps_url(self) -> str:
        return f"ldaps://127.0.0.1:{self.secure}"

    def add(self, dn: str, classes: Iterable[str], **attributes: Any) -> None:
        """Write an entry, as the directory's administrator."""
        with self.administrator() as connection:
            if not connection.add(  # type: ignore[no-untyped-call]
                dn, [*classes], {**attributes}
            ):
                raise AssertionError(f"{dn}: {connection.result}")

    def person(self, uid: str, password: str = PASSWORD, **attributes: Any) -> str:
        """Write a person and return their DN."""
        return self._person(f"uid={uid},{PEOPLE}", uid, password, attributes)

    def _person(self, dn: str, uid: str, password: str, attributes: Mapping[str, Any]) -> str:
        known = {"cn": uid, "sn": uid, "uid": uid, "userPassword": password}
        classes = ["inetOrgPerson", *attributes.get("extra", ())]
        rest = {name: value for name, value in attributes.items() if name != "extra"}
        self.add(dn, classes, **(known | rest))
        return dn

    def person_at(self, dn: str, uid: str, password: str = PASSWORD, **attributes: Any) -> str:
        """Write a person who is elsewhere."""
        return self._person(dn, uid, password, attributes)

    def group(self, cn: str, *members: str) -> str:
        """Write a groupOfNames, which `memberOf` tells of, and return its DN."""
        dn = f"cn={cn},{GROUPS}"
        self.add(dn, ["groupOfNames"], cn=cn, member=[*members])
        return dn

    def delete(self, *dns: str) -> None:
        with self.administrator() as connection:
            for dn in dns:
                connection.delete(dn)  # type: ignore[no-untyped-call]

    @contextmanager
    def administrator(self) -> Iterator[Connection]:
        server = Server("127.0.0.1", self.plain, get_info=NONE)
        connection = Connection(
            server, ADMIN_DN, ADMIN_PASSWORD, check_names=False, receive_timeout=10
        )
        if not connection.bind():
            raise AssertionError(f"{connection.result}")
        try:
            yield connection
        finally:
            connection.unbind()


def start_slapd(workspace: Workspace, toolbox: Toolbox) -> Slapd:
    """Start a directory with the two branches, and with who may search it.

    Skips the test where there is no slapd (with CI=true it fails).
    """
    home = workspace.directory("slapd")
    # A copy: AppArmor lets the one in its own place (Ubuntu) read nothing of ours.
    program = shutil.copy(toolbox.system("slapd"), home / "slapd")
    (home / "data").mkdir()
    certificate, key = own_certificate(home / "tls", [], time.time())
    text = CONFIGURATION.format(
        home=home,
        certificate=certificate,
        key=key,
        suffix=SUFFIX,
        admin=ADMIN_DN,
        password=ADMIN_PASSWORD,
    )
    (home / "slapd.conf").write_text(text)
    plain, secure = free_port(), free_port()
    urls = f"ldap://127.0.0.1:{plain}/ ldaps://127.0.0.1:{secure}/"
    command: list[str | Path] = [program, "-h", urls, "-f", home / "slapd.conf", "-d", "0"]
    daemon = workspace.start(command, env=base_environment(home))
    daemon.wait_for(lambda: answers(secure), f"slapd listens on {secure}")
    slapd = Slapd(daemon, plain, secure, certificate)
    slapd.add(SUFFIX, ["dcObject", "organization"], dc="example", o="Example")
    for ou in ("people", "groups"):
        slapd.add(f"ou={ou},{SUFFIX}", ["organizationalUnit"], ou=ou)
    slapd.add(
        SEARCHER_DN,
        ["applicationProcess", "simpleSecurityObject"],
        cn="entrepot",
        userPassword=SEARCHER_PASSWORD,
    )
    return slapd


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
