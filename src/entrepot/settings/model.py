"""What can be set: sections, keys, types, defaults and what each is for."""

from typing import Annotated

import msgspec
from msgspec import Meta

from .objects import Objects
from .people import Ldap, Oidc, Workloads
from .tiers import Cache, Cold

# Bounded, as timers and databases take neither infinity nor any number.
Seconds = Annotated[float, Meta(gt=0, le=10 * 365 * 86400)]
Count = Annotated[int, Meta(ge=1, le=1 << 62)]


class SettingsError(Exception):
    """A setting that cannot be used; the message names its key and the mend."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where and how the registry listens."""

    listen: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses `host:port`, or `unix:/path`; `localhost` is IPv4 and IPv6, `*` "
            "all of both."
        ),
    ] = ("localhost:5000",)
    public_url: Annotated[
        str,
        Meta(description="The URL that clients use, where a proxy stands in front."),
    ] = ""
    tls: Annotated[
        str,
        Meta(
            description="`off`; `files` with the two below; `auto` makes its own certificate; "
            "`acme` gets one from an authority, whose terms you accept by that."
        ),
    ] = "off"
    tls_cert: Annotated[str, Meta(description="PEM file with the certificate chain.")] = ""
    tls_key: Annotated[str, Meta(description="PEM file with the private key.")] = ""
    tls_client_ca: Annotated[
        str,
        Meta(
            description="PEM file of authorities whose client certificates log in users and robots "
            "without a password; where empty, no client is asked for one."
        ),
    ] = ""
    tls_client_name: Annotated[
        str,
        Meta(
            description="Where a client certificate has the name of its user or robot: `cn`, or "
            "the one `dns` or `email` of its alternative names."
        ),
    ] = "cn"
    acme_hosts: Annotated[
        tuple[str, ...], Meta(description="Names that the certificate of `acme` is for.")
    ] = ()
    acme_email: Annotated[
        str, Meta(description="Whom the authority may write to; most need nobody.")
    ] = ""
    acme_directory: Annotated[
        str, Meta(description="The authority's ACME directory; Let's Encrypt unless set.")
    ] = "https://acme-v02.api.letsencrypt.org/directory"
    acme_root: Annotated[
        str,
        Meta(description="PEM file of the authority that the directory's own certificate is from."),
    ] = ""
    acme_eab_kid: Annotated[
        str, Meta(description="Key id of an external account, where the authority wants one.")
    ] = ""
    acme_eab_key: Annotated[
        str, Meta(description="The external account's MAC key, in base64url.")
    ] = ""
    acme_challenge: Annotated[
        str,
        Meta(
            description="How names are proved: `http-01`, by plain HTTP at port 80; `tls-alpn-01`, "
            "at port 443."
        ),
    ] = "http-01"
    acme_http_listen: Annotated[
        str, Meta(description="Where `http-01` is answered; all else there is sent to HTTPS.")
    ] = ":80"
    http2: Annotated[bool, Meta(description="Offer HTTP/2 beside HTTP/1.1, where TLS is on.")] = (
        True
    )
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Proxies whose word on the client is believed: addresses, networks such as "
            "`10.0.0.0/8`, `unix` for all that come by Unix socket."
        ),
    ] = ()
    forwarded: Annotated[
        str,
        Meta(
            description="The headers that trusted proxies write, and clients cannot: `x-forwarded` "
            "(-for, -proto, -host) or `standard` (Forwarded, RFC 7239)."
        ),
    ] = "x-forwarded"
    proxy_protocol: Annotated[
        bool,
        Meta(description="Each connection begins with a PROXY header (v1, v2) of a trusted proxy."),
    ] = False
    workers: Annotated[
        int,
        Meta(
            ge=1,
            le=256,
            description="Processes that serve; more than one pays where requests, not disks, take "
            "the time. See workers.md.",
        ),
    ] = 1
    drain_seconds: Annotated[
        Seconds, Meta(description="How long requests in flight may take after SIGTERM.")
    ] = 30.0
    leave_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=600,
            description="How long after SIGTERM new requests are still taken, while `/readyz` says "
            "503, so that a load balancer sends them elsewhere first; then it drains.",
        ),
    ] = 0.0


class Storage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where things are kept."""

    data: Annotated[str, Meta(description="Directory for catalog, blobs and keys.")] = "./data"
    catalog: Annotated[
        str,
        Meta(
            description="`postgresql://USER:PASSWORD@HOST/DATABASE`: the catalog of all replicas. "
            "Empty: an embedded one in `data`."
        ),
    ] = ""
    blobs: Annotated[
        str,
        Meta(
            description="`s3://BUCKET/PREFIX`, `gs://` or `az://`: where all replicas keep blobs. "
            "Empty: a directory in `data`."
        ),
    ] = ""
    delete: Annotated[
        bool, Meta(description="Whether tags, manifests and blobs can be deleted; 405 if not.")
    ] = True
    read_only: Annotated[
        bool, Meta(description="Serve pulls only: pushes and deletes are answered with 405.")
    ] = False


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets in."""

    open: Annotated[
        bool,
        Meta(description="Let anyone push, pull and delete; on loopback addresses only."),
    ] = False
    anonymous_pull: Annotated[
        tuple[str, ...],
        Meta(description="Repositories that anyone may pull: names, `library/*`, or `*`."),
    ] = ()
    anonymous: Annotated[
        str,
        Meta(
            description="`all`: anyone who reaches the server may push, pull and delete; nobody is "
            "asked for a password."
        ),
    ] = ""
    htpasswd: Annotated[
        str,
        Meta(
            description="File of users and bcrypt hashes (`htpasswd -B`), watched; instead of "
            "accounts. Each may pull, push and delete."
        ),
    ] = ""
    realm: Annotated[
        str, Meta(description="What clients show when they ask for a password of `htpasswd`.")
    ] = "Entrepot"
    admin_password: Annotated[
        str,
        Meta(description="Password of `admin` at the first start; generated when empty."),
    ] = ""
    password_length_min: Annotated[
        Annotated[int, Meta(ge=8, le=64)],
        Meta(description="Fewest characters of a new password; common ones are refused anyway."),
    ] = 8
    password_classes: Annotated[
        bool,
        Meta(
            description="Whether a new password must have upper case, lower case and a digit, as "
            "Harbor asks."
        ),
    ] = False
    networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Where callers must come from: addresses, networks such as `10.0.0.0/8`, "
            "`unix` for Unix sockets; everywhere when empty. See networks.md."
        ),
    ] = ()
    bind_tokens: Annotated[
        bool,
        Meta(description="A token is good only from the address that it was issued to."),
    ] = False
    service: Annotated[str, Meta(description="The name tokens are issued for.")] = "entrepot"
    token_seconds: Annotated[
        Annotated[float, Meta(ge=60, le=86400)],
        Meta(description="How long an access token lives."),
    ] = 300.0
    token_key: Annotated[
        str,
        Meta(
            description="PEM file of a key, EC on P-256 or RSA, that access tokens are signed with "
            "for other registries, as distribution's `rootcertbundle` trusts them; see secrets.md."
        ),
    ] = ""
    token_certs: Annotated[
        str, Meta(description="PEM file of that key's certificate, then those that signed it.")
    ] = ""


class Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What keeps signing keys and passwords of others unreadable in the catalog; see secrets.md.

    Master keys are lines `ID:BASE64`. Without a file or a command they are in the variable
    ENTREPOT_MASTER_KEYS, or else in `DATA/secrets/master.keys`, made at the first start.
    """

    keys_file: Annotated[str, Meta(description="File with the master keys, newest first.")] = ""
    keys_command: Annotated[
        tuple[str, ...],
        Meta(
            description="Program, and its arguments, that prints them; run at each start, without "
            "a shell."
        ),
    ] = ()
    rotate_days: Annotated[
        Annotated[float, Meta(ge=0, le=3650)],
        Meta(description="How long a key signs tokens until a new one does; 0: until told so."),
    ] = 90.0


class Projects(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Namespaces of repositories."""

    auto_create: Annotated[
        bool,
        Meta(
            description="Whether a first push makes the project, for users who may make projects; "
            "if not, projects are made before, as with Harbor."
        ),
    ] = True


class Uploads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on pushes."""

    size_max_bytes: Annotated[Count, Meta(description="Largest blob.")] = 1 << 40
    idle_seconds: Annotated[
        Seconds, Meta(description="When an upload that nobody continues is forgotten.")
    ] = 86400.0
    grace_seconds: Annotated[
        Seconds,
        Meta(description="How long a blob that a client was told of is kept without a manifest."),
    ] = 7200.0


class Manifests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What manifests may come in."""

    sparse: Annotated[
        str,
        Meta(
            description="What may name content that is not here: `off`, nothing; `indexes`, which "
            "may lack some platforms; `all`, images that lack layers too."
        ),
    ] = "off"


class Trash(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of deleted tags and manifests."""

    keep_days: Annotated[
        Annotated[float, Meta(ge=0, le=3650)],
        Meta(description="How long they can be restored, and hold their blobs; 0: not at all."),
    ] = 14.0


class Quota(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What projects may hold, unless it is said of each; see policies.md."""

    project_bytes: Annotated[
        Annotated[int, Meta(ge=-1, le=1 << 62)],
        Meta(description="Limit that a new project gets, in bytes; -1 for none."),
    ] = -1
    warn_share: Annotated[
        Annotated[float, Meta(gt=0, le=1)],
        Meta(description="Share of a limit from which pushes are answered with a warning."),
    ] = 0.85


class Jobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Work that is done beside serving: cleaning up, checking, rolling back."""

    concurrency: Annotated[
        Annotated[int, Meta(ge=1, le=64)], Meta(description="Jobs that run at once.")
    ] = 2
    duty: Annotated[
        Annotated[float, Meta(ge=0.01, le=1)],
        Meta(description="Share of the time that one may work; it rests in between."),
    ] = 0.5
    keep_days: Annotated[
        Annotated[float, Meta(ge=0, le=3650)],
        Meta(description="How long jobs that ended, and their logs, can be looked at."),
    ] = 30.0


class Gc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The collector of blobs that nothing holds any more; see gc.md."""

    deletes_per_second: Annotated[
        Annotated[float, Meta(ge=0.1, le=1e6)],
        Meta(description="Most blobs whose bytes it deletes in a second."),
    ] = 500.0
    report_days: Annotated[
        Annotated[float, Meta(ge=0, le=3650)],
        Meta(description="How long is kept what it removed and why."),
    ] = 90.0


class Audit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The log of what was done and refused; see audit.md."""

    keep_days: Annotated[
        Annotated[float, Meta(ge=0, le=36500)],
        Meta(description="How long its lines are kept; 0: for ever."),
    ] = 365.0
    syslog: Annotated[
        str,
        Meta(
            description="Where its lines are sent as they come (RFC 5424): `udp://HOST:514`, "
            "`tcp://HOST:601` or `tls://HOST:6514`; empty for nowhere."
        ),
    ] = ""
    syslog_ca: Annotated[
        str, Meta(description="File of the authority of a `tls` receiver; the system's unless set.")
    ] = ""


class Scrub(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The check of all bytes at rest; when it runs is said by its schedule, see integrity.md."""

    bytes_per_second: Annotated[
        Count, Meta(description="How fast it reads, so that pulls keep the disk to themselves.")
    ] = 50_000_000


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on connections and requests."""

    connections: Annotated[Count, Meta(description="Open connections in all.")] = 4096
    connections_per_address: Annotated[
        Count, Meta(description="Open connections of one client address, loopback apart.")
    ] = 512
    header_bytes: Annotated[Count, Meta(description="Longest request head.")] = 65536
    header_seconds: Annotated[Seconds, Meta(description="Time for a request head.")] = 20.0
    idle_seconds: Annotated[Seconds, Meta(description="Time between two requests.")] = 75.0
    body_bytes_per_second: Annotated[
        Count, Meta(description="Slowest upload, on average over a while.")
    ] = 1024
    stall_seconds: Annotated[
        Seconds, Meta(description="How long a client may read nothing of an answer.")
    ] = 60.0


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often one may ask; see ratelimits.md."""

    anonymous_pulls: Annotated[
        str,
        Meta(description="Manifests that one address may pull without a login, such as `100/6h`."),
    ] = "off"
    user_pulls: Annotated[
        str, Meta(description="Manifests that one user or robot may pull, such as `5000/1d`.")
    ] = "off"
    requests_per_second: Annotated[
        Annotated[int, Meta(ge=0, le=10**9)],
        Meta(description="Requests of one address, loopback apart; 0: any number."),
    ] = 0


class Webhooks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What others are told of events; see webhooks.md."""

    allow_networks: Annotated[
        tuple[str, ...],
        Meta(
            description="Networks that webhooks may be in though they are not public, such as "
            "`10.1.0.0/16`; nothing else that is private is ever sent to."
        ),
    ] = ()
    proxy: Annotated[
        str,
        Meta(
            description="Proxy that all goes through, as `http://HOST:PORT`; what it may reach is "
            "its own to say. Variables of the environment are not looked at."
        ),
    ] = ""
    endpoints: Annotated[
        tuple[str, ...],
        Meta(
            description="Receivers of registry:2's notifications, each as `NAME URL` or `NAME URL "
            "AUTHORIZATION`; they may be anywhere."
        ),
    ] = ()
    keep_days: Annotated[
        Annotated[float, Meta(gt=0, le=3650)],
        Meta(description="How long it is kept what was sent, and what was answered."),
    ] = 7.0


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is written to standard error."""

    level: Annotated[str, Meta(description="`debug`, `info`, `warning` or `error`.")] = "info"
    format: Annotated[str, Meta(description="`text`, `json`, or `auto`: text on a terminal.")] = (
        "auto"
    )
    access: Annotated[bool, Meta(description="One line for each request.")] = True


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings."""

    server: Server = Server()
    storage: Storage = Storage()
    cache: Cache = Cache()
    cold: Cold = Cold()
    objects: Objects = Objects()
    auth: Auth = Auth()
    projects: Projects = Projects()
    ldap: Ldap = Ldap()
    oidc: Oidc = Oidc()
    workloads: Workloads = Workloads()
    secrets: Secrets = Secrets()
    uploads: Uploads = Uploads()
    manifests: Manifests = Manifests()
    trash: Trash = Trash()
    gc: Gc = Gc()
    scrub: Scrub = Scrub()
    audit: Audit = Audit()
    quota: Quota = Quota()
    jobs: Jobs = Jobs()
    limits: Limits = Limits()
    rates: Rates = Rates()
    webhooks: Webhooks = Webhooks()
    log: Log = Log()
