"""Each key of registry:2 and what becomes of it; docs/registry2.md is this table.

Variables are the same keys: `http.addr` is `REGISTRY_HTTP_ADDR`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from . import values


class Fate(StrEnum):
    """What becomes of a key."""

    USED = "used"
    NEEDLESS = "not needed"
    """What it is for is so anyway: nothing is said."""
    IGNORED = "ignored"
    """Not so in Entrepot: a warning at the start."""
    REFUSED = "refused"
    """Serving without it would be wrong: no start."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key, or with `.*` all keys below one. `target` is our setting where it is used."""

    path: str
    fate: Fate
    note: str
    target: str = ""
    convert: Callable[[Any], Any] = values.text


def _used(path: str, target: str, convert: Callable[[Any], Any], note: str = "") -> Key:
    return Key(path, Fate.USED, note, target, convert)


def _needless(path: str, note: str) -> Key:
    return Key(path, Fate.NEEDLESS, note)


def _ignored(path: str, note: str) -> Key:
    return Key(path, Fate.IGNORED, note)


def _refused(path: str, note: str) -> Key:
    return Key(path, Fate.REFUSED, note)


_PURGING = "storage.maintenance.uploadpurging"

KEYS: tuple[Key, ...] = (
    _needless("version", "must be 0.1"),
    # --- http ---
    _used("http.addr", "server.listen", values.address, "`:5000` without it"),
    _used("http.net", "server.listen", values.text, "`unix`: `http.addr` is a socket's path"),
    _used("http.host", "server.public_url", values.text, "needed for nothing with `htpasswd`"),
    _used("http.tls.certificate", "server.tls_cert", values.text),
    _used("http.tls.key", "server.tls_key", values.text),
    _used("http.draintimeout", "server.drain_seconds", values.seconds),
    _needless("http.secret", "keys are made at the first start, and kept in the data directory"),
    _needless("http.relativeurls", "all URLs are relative, always"),
    _refused("http.prefix", "Entrepot serves at the root: let the proxy take the prefix away"),
    _refused(
        "http.tls.clientcas.*",
        "no certificate is demanded of all: see `server.tls_client_ca` for whom they name",
    ),
    _refused("http.tls.clientauth", "certificates are asked for, and never demanded"),
    _used(
        "http.tls.letsencrypt.hosts",
        "server.acme_hosts",
        values.listed,
        "`server.tls` is `acme` then; the names are needed",
    ),
    _used("http.tls.letsencrypt.email", "server.acme_email", values.text),
    _used("http.tls.letsencrypt.directoryurl", "server.acme_directory", values.text),
    _needless("http.tls.letsencrypt.cachefile", "what is got is kept in the data directory"),
    _ignored("http.tls.letsencrypt.*", "there is no such key"),
    _ignored("http.tls.minimumtls", "TLS 1.2 and 1.3 are served"),
    _ignored("http.tls.ciphersuites.*", "the ciphers are those of OpenSSL"),
    _ignored("http.headers.*", "no headers of your own are added: let the proxy do it"),
    _ignored("http.debug.*", "health and metrics are served at /healthz, /readyz and /metrics"),
    _ignored("http.http2.*", "which protocols are served is not set here"),
    _ignored("http.h2c.*", "which protocols are served is not set here"),
    # --- storage ---
    _used(
        "storage.filesystem.rootdirectory",
        "storage.data",
        values.text,
        "`/var/lib/registry` without it",
    ),
    _used("storage.delete.enabled", "storage.delete", values.truth, "off without it: 405"),
    _used(
        "storage.maintenance.readonly.enabled", "storage.read_only", values.truth, "pushes get 405"
    ),
    _used("storage.maintenance.readonly", "storage.read_only", values.truth),
    _used(f"{_PURGING}.age", "uploads.idle_seconds", values.seconds),
    _ignored(f"{_PURGING}.enabled", "uploads that nobody continues are always forgotten"),
    _needless(f"{_PURGING}.interval", "they are looked for all the time"),
    _ignored(f"{_PURGING}.dryrun", "uploads that nobody continues are forgotten"),
    _needless("storage.cache.*", "the catalog is the cache"),
    _needless("storage.redirect.*", "blobs are served, never redirected"),
    _needless("storage.tag.*", "the catalog knows all tags"),
    _needless("storage.filesystem.maxthreads", "bounded anyway"),
    _ignored("storage.delete.*", "there is no such key"),
    _ignored("storage.maintenance.*", "there is no such key"),
    _ignored("storage.filesystem.*", "there is no such key"),
    _refused(
        "storage.*",
        "only the driver filesystem is there yet: name storage.filesystem.rootdirectory",
    ),
    # --- auth ---
    _used("auth.htpasswd.path", "auth.htpasswd", values.text, "bcrypt only, watched"),
    _used("auth.htpasswd.realm", "auth.realm", values.text),
    _ignored("auth.htpasswd.*", "there is no such key"),
    _needless("auth.none.*", "as without `auth`: open to everyone, with a warning"),
    _refused("auth.token.*", "tokens of another server are not taken yet: use htpasswd"),
    _refused("auth.*", "only htpasswd is understood"),
    # --- log ---
    _used("log.level", "log.level", values.level),
    _used("loglevel", "log.level", values.level),
    _used("log.formatter", "log.format", values.style, "`logstash` is `json`"),
    _used("log.accesslog.disabled", "log.access", values.untruth),
    _ignored("log.fields.*", "log lines have no fields of your own"),
    _ignored("log.hooks.*", "no mail is sent"),
    _ignored("log.reportcaller", "log lines do not name the code"),
    # --- what is beside ---
    _refused(
        "proxy.remoteurl",
        "Entrepot is no pull-through cache yet, and would take pushes where registry:2 takes none",
    ),
    _needless("proxy.*", "nothing without `proxy.remoteurl`"),
    _used(
        "notifications.endpoints",
        "webhooks.endpoints",
        values.endpoints,
        "in our own time and order, see webhooks.md; `ignore` is not understood",
    ),
    _ignored("notifications.*", "there is no such key, or no variable for a part of an endpoint"),
    _needless("redis.*", "the catalog is the cache"),
    _needless("health.storagedriver.*", "/readyz looks at the storage"),
    _ignored("health.*", "/readyz looks at catalog and storage only"),
    _ignored("catalog.*", "pages have their own bounds"),
    _ignored("tags.*", "pages have their own bounds"),
    _ignored("validation.*", "manifests are always validated, by Entrepot's own rules"),
    _ignored("policy.*", "all kinds of artifacts are taken"),
    _ignored("compatibility.*", "manifests of schema 1 are not taken"),
    _ignored("middleware.*", "there is no middleware"),
    _ignored("reporting.*", "nothing is reported to others"),
)
