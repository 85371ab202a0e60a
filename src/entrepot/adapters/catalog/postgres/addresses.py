"""URLs of libpq, looked at before the driver does.

What the driver says of a bad one may be a part of the password.
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from entrepot.adapters.catalog.prepare import CatalogUnusable

FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
HOSTS_MAX = 16
PORT_MAX = 65535

BAD = (
    "storage.catalog is no URL of PostgreSQL ({what}): write "
    "postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full, and in user and password "
    "%40 for @, %2F for /, %3A for :, %3F for ?, %23 for #, %25 for %"
)


def places(url: str) -> tuple[str, ...]:
    """Return the URL once for each of its hosts, in their order.

    Hosts stand before the database (`a:5432,b:5433`) or in the query (`host=a,b&port=5432,5433`);
    one that begins with `/` is the folder of a Unix socket. Raises `CatalogUnusable`, whose message
    holds nothing of the URL.
    """
    try:
        parts = urlsplit(url)
        fields = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise unusable("it cannot be split") from None
    _check(parts)
    for name, value in fields:
        # The driver would say the same as of a server that is away.
        if name in FILES and value != "system" and not Path(value).is_file():
            raise unusable(f"there is no such file as its {name} names")
    account, at, hosts = parts.netloc.rpartition("@")
    _check_ports([host.rpartition(":")[2] for host in hosts.split(",") if _has_port(host)])
    if hosts:
        found = [parts._replace(netloc=account + at + host) for host in hosts.split(",")]
    else:
        found = [
            parts._replace(query=urlencode(each, safe="/,:")) for each in _each_of(dict(fields))
        ]
    if len(found) > HOSTS_MAX:
        raise unusable(f"it has more than {HOSTS_MAX} hosts")
    # Not `geturl`: it leaves out the empty place before the database.
    return tuple(
        f"{one.scheme}://{one.netloc}{one.path}{'?' if one.query else ''}{one.query}"
        for one in found
    )


def unusable(what: str) -> CatalogUnusable:
    """Return the error for a URL that cannot be used; `what` must hold nothing secret."""
    return CatalogUnusable(BAD.format(what=what))


def _check(parts: SplitResult) -> None:
    if parts.fragment:
        raise unusable("it has a # in it")
    if parts.netloc.count("@") > 1 or "@" in parts.path:
        raise unusable("it has more than one @, or a / before it")
    if "@" in parts.query and "@" not in parts.netloc:
        raise unusable("it has a ? before its @")


def _each_of(fields: dict[str, str]) -> Sequence[dict[str, str]]:
    hosts = fields.get("host", "").split(",")
    ports = fields.get("port", "").split(",")
    _check_ports([port for port in ports if port])
    if len(ports) not in (1, len(hosts)):
        raise unusable("it has more ports than hosts, or fewer")
    several = ports if len(ports) == len(hosts) else ports * len(hosts)
    return [
        {
            **fields,
            **({"host": host} if host else {}),
            **({"port": port} if port else {}),
        }
        for host, port in zip(hosts, several, strict=True)
    ]


def _has_port(host: str) -> bool:
    return ":" in (host.rpartition("]")[2] if "]" in host else host)


def _check_ports(ports: Sequence[str]) -> None:
    if not all(port.isdecimal() and 0 < int(port) <= PORT_MAX for port in ports):
        raise unusable("it has a port that is no number")
