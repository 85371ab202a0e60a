"""Requests by grammar: framed well, and otherwise as odd as chance makes them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tools.fuzz import images
from tools.fuzz.mutations import mutate

LAYERS = (b"", b"layer", b"another layer", bytes(3000))
PLAIN = images.image(b"{}", LAYERS[:2])
REFERRER = images.image(b"{}", [], subject=images.descriptor(images.MANIFEST, PLAIN))
BOTH = images.index(PLAIN, REFERRER)
MANIFESTS = (PLAIN, REFERRER, BOTH)
KNOWN = tuple(images.digest_of(data) for data in (*LAYERS, b"{}", *MANIFESTS))
UNKNOWN = (images.digest_of(b"absent"), "sha512:" + "0" * 128)
NAMES = ("fuzz/app", "fuzz/app", "fuzz/other", "a/b/c", "blobs/uploads", "v2/manifests")
TAGS = ("v1", "v1", "v2", "latest", "a.b-c_d")

ODD_WORDS = (
    *("", ".", "..", "%2e%2e", "%2F", "%2f%2f", "%00", "%c0%af", "%ed%a0%80", "%ff", "%", "%zz"),
    *("%E4%B8%AD", "A", "-x", "_", "sha256:", "sha256:" + "Z" * 64, "sha384:" + "0" * 96, "a:b:c"),
    *("md5:d41d8cd98f00b204e9800998ecf8427e", "t" * 128, "t" * 129, "x" * 300, "n" * 9000),
    *(
        "z" * 17_000,
        "~",
        "*",
        "a+b",
        "a b",
        "é",
        "\x7f",
        "\x80",
        "a\tb",
        "{x}",
        "|",
        "\\",
        '"',
        "@",
    ),
    *(
        "sha256:%30" + "0" * 61,
        "SHA256:" + "0" * 64,
        "sha256%3A" + "0" * 64,
        "v1#x",
        "v1;x",
        "v1%20",
    ),
)
VERSIONS = ("1.1",) * 60 + ("1.0", "1.0", "2.0", "1.2", "0.9", "1", "11")
KEYS = (
    *("digest", "digest", "mount", "from", "n", "last", "tag", "artifactType", "scope", "service"),
    *("digest-algorithm", "account", "offline_token", "", "é", "%ff", "_state"),
)
NUMBERS = (
    "0",
    "1",
    "2",
    "1000",
    "10001",
    "-1",
    "+1",
    "1.5",
    "1e3",
    "",
    "%30",
    "9" * 20,
    "9" * 5000,
)
METHODS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "BREW")
ODD_METHODS = ("get", "CONNECT", "PRI", "GE T", "G\x00T", "", "M-SEARCH", "X" * 3000)
RANGES = (
    *(
        "bytes=0-1",
        "bytes=0-0,2-3",
        "bytes=-1",
        "bytes=9-",
        "bytes=5-2",
        "bytes=-0",
        "bytes=",
        "0-4",
    ),
    *(
        "bytes=0-" + "9" * 30,
        "bytes=a-b",
        "lines=0-1",
        "bytes = 0 - 1",
        "bytes=0-0,-1,1-",
        "BYTES=0-0",
    ),
    *("bytes=" + ",".join(["0-0"] * n) for n in (2, 500, 1024, 1025, 3000)),
    *("bytes=" + ",".join(["0-"] * n) for n in (2, 1024)),
)
SPANS = ("0-0", "0-4", "5-9", "3-1", "0-", "-", "bytes 0-4/5", "bytes 0-4/*", "9" * 30 + "-", "a-b")
PLACES = (
    *("manifests/{reference}",) * 5,
    *("blobs/{reference}",) * 3,
    *("blobs/uploads/",) * 3,
    *("blobs/uploads/{reference}", "referrers/{reference}", "referrers/{reference}", "tags/list"),
    *("tags/{reference}", "{reference}", "manifests/", "blobs", "blobs//uploads/", "blobs/uploads"),
)
OTHER_PATHS = (
    *("/v2/", "/v2", "/v2/_catalog", "/v2/_catalog/", "/", "*", "", "//", "/V2/", "/v3/", "/v2//"),
    *(
        "/service/token",
        "/service/token/",
        "/.well-known/jwks.json",
        "/healthz",
        "/readyz",
        "/metrics",
    ),
    *("/api/entrepot/v1/users", "/api/entrepot/v1/users/admin", "/api/entrepot/v1", "/favicon.ico"),
    *(
        "http://localhost/v2/",
        "http://[::1/",
        "localhost:443",
        "/v2/..%2f..%2fetc/passwd",
        "/../../x",
    ),
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes out."""

    method: str
    target: str
    raw: bytes
    is_last: bool
    """Whether it asks for the end of the connection: nothing may be sent after it."""


@dataclass
class Grammar:
    """Makes requests by chance. `credentials` are Authorization values to choose from.

    `uploads` are addresses of open uploads, which whoever reads the answers adds to.
    """

    chance: random.Random
    credentials: Sequence[str] = ()
    uploads: list[str] = field(default_factory=list)

    def request(self) -> Request:
        """Return a request that has one reading, unless a part of its head is refused."""
        method, path = self.address()
        if self.chance.random() < 0.06:
            path = self.twisted(path)
        query = self.query()
        target = f"{path}?{query}" if query and "?" not in path else path + query
        fields, version = self.fields(), self.chance.choice(VERSIONS)
        raw = _head(method, target, version, fields) + self.body(path)
        closes = any("close" in value for name, value in fields if name.lower() == "connection")
        return Request(method, target, raw, is_last=closes or version != "1.1")

    def volley(self) -> list[Request]:
        """Return requests to send at once."""
        volley: list[Request] = []
        wanted = self.chance.choice((1, 1, 1, 2, 5))
        while len(volley) < wanted and not (volley and volley[-1].is_last):
            volley.append(self.request())
        return volley

    def address(self) -> tuple[str, str]:
        """Return method and path."""
        chance = self.chance
        kind = chance.random()
        if kind < 0.22 and self.uploads:
            path = chance.choice(self.uploads[-6:])
            method = chance.choice(("PATCH", "PATCH", "PUT", "PUT", "GET", "DELETE", "POST"))
        elif kind < 0.32:
            path, method = chance.choice(OTHER_PATHS), "GET"
        else:
            place = chance.choice(PLACES).replace("{reference}", self.reference())
            path = f"/v2/{self.name()}/{place}"
            method = self.usual_method(place)
        if chance.random() < 0.1:
            method = chance.choice(METHODS)
        elif chance.random() < 0.01:
            method = chance.choice(ODD_METHODS)
        return method, path

    def usual_method(self, place: str) -> str:
        if place.startswith("blobs/uploads"):
            return "POST"
        if place.startswith("manifests"):
            return self.chance.choice(("GET", "HEAD", "PUT", "PUT", "PUT", "DELETE"))
        return self.chance.choice(("GET", "HEAD", "DELETE"))

    def name(self) -> str:
        return self.mostly(NAMES, self.odd)

    def reference(self) -> str:
        return self.mostly((*KNOWN, *TAGS, *TAGS, *UNKNOWN), self.odd)

    def odd(self) -> str:
        """Return what is no name, or a piece of one."""
        word = self.chance.choice(ODD_WORDS)
        if self.chance.random() < 0.3:
            word = f"{self.chance.choice(NAMES)}{self.chance.choice('/:@%. ')}{word}"
        return word

    def mostly(self, usual: Sequence[str], odd: Callable[[], str]) -> str:
        return odd() if self.chance.random() < 0.12 else self.chance.choice(usual)

    def twisted(self, path: str) -> str:
        """Return another spelling of a path, or a broken one."""
        chance = self.chance
        at = chance.randrange(len(path) + 1)
        if chance.random() < 0.4 and at < len(path):
            return f"{path[:at]}%{ord(path[at]) & 255:02x}{path[at + 1 :]}"
        part = chance.choice(
            ("/../", "/./", "//", "/", "%2e%2e/", "\\", ";", "?", "#", "%", "é", " ")
        )
        return path[:at] + part + path[at:]

    def query(self) -> str:
        chance = self.chance
        parts = []
        for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
            key = chance.choice(KEYS)
            value = chance.choice((self.reference(), self.name(), chance.choice(NUMBERS)))
            parts.append(
                chance.choice((f"{key}={value}", f"{key}={value}", key, f"{key}=={value}"))
            )
        if chance.random() < 0.01:
            parts = ["tag=t"] * chance.choice((10, 300, 2000))
        return chance.choice(("&", "&", "&", "&&", ";")).join(parts)

    def fields(self) -> list[tuple[str, str]]:
        chance = self.chance
        fields = [("Host", "localhost")]
        if self.credentials and chance.random() < 0.9:
            fields.append(("Authorization", chance.choice(self.credentials)))
        for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
            name, value = chance.choice(FIELDS)(self)
            fields.append((self.case(name), value))
        if chance.random() < 0.005:
            fields += [(f"X-{n}", "y" * chance.choice((1, 900))) for n in range(126)]
        return fields

    def case(self, name: str) -> str:
        return self.chance.choice((name, name, name, name.lower(), name.upper(), name.swapcase()))

    def text(self) -> str:
        """Return a field value of anything that may stand in one."""
        chance = self.chance
        if chance.random() < 0.02:
            return "x" * chance.choice((1000, 9000, 70_000))
        letters = [chr(chance.choice((32, 9, *range(33, 127), *range(128, 256)))) for _ in range(9)]
        return "".join(letters).strip()

    def content(self, path: str) -> bytes:
        chance = self.chance
        if "/manifests/" in path and chance.random() < 0.5:
            return mutate(chance, MANIFESTS)[:200_000]
        known = (*MANIFESTS, *LAYERS, b"{}", b"\x1f\x8b\x08" + bytes(30), bytes(70_000))
        return chance.choice(known) if chance.random() < 0.8 else chance.randbytes(200)

    def body(self, path: str) -> bytes:
        """Return the end of the head, and a body that is framed well."""
        chance = self.chance
        kind = chance.random()
        if kind < 0.4 and "uploads/" not in path:
            return b"\r\n"
        data = self.content(path)
        if kind < 0.85:
            return b"Content-Length: %d\r\n\r\n%b" % (len(data), data)
        chunks = []
        while data:
            size = chance.choice((1, 7, 100, 5000)) if len(data) < 9000 else 30_000
            part, data = data[:size], data[size:]
            extension = chance.choice((b"", b"", b";a", b";a=b", b';a="b;c"'))
            chunks.append(b"%x%b\r\n%b\r\n" % (len(part), extension, part))
        trailer = chance.choice((b"", b"", b"X-T: 1\r\n", b"Content-Length: 3\r\n", b"Host: y\r\n"))
        return b"Transfer-Encoding: chunked\r\n\r\n%b0\r\n%b\r\n" % (b"".join(chunks), trailer)


def _head(method: str, target: str, version: str, fields: Sequence[tuple[str, str]]) -> bytes:
    lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in fields)]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


def _types(grammar: Grammar) -> str:
    usual = (images.MANIFEST, images.INDEX, "*/*", "", f"{images.INDEX}, {images.MANIFEST};q=0.5")
    return grammar.mostly((*usual, "text/plain", ",", ";", "application/json; x=y"), grammar.text)


def _etag(grammar: Grammar) -> str:
    tags = [f'"{digest}"' for digest in KNOWN]
    usual = (*tags, *KNOWN, "*", '"x", W/"y"', f"W/{tags[0]}, {tags[1]}", '"', ",,,")
    return grammar.mostly(usual, grammar.text)


FIELDS: tuple[Callable[[Grammar], tuple[str, str]], ...] = (
    lambda grammar: ("Range", grammar.mostly(RANGES, grammar.text)),
    lambda grammar: ("Content-Range", grammar.mostly((*SPANS, *RANGES[:3]), grammar.text)),
    lambda grammar: ("Content-Type", _types(grammar)),
    lambda grammar: ("Content-Type", _types(grammar)),
    lambda grammar: ("Accept", _types(grammar)),
    lambda grammar: (
        grammar.chance.choice(("If-None-Match", "If-Match", "If-Range", "If-Modified-Since")),
        _etag(grammar),
    ),
    lambda grammar: ("Content-Encoding", grammar.chance.choice(("gzip", "identity", "br, gzip"))),
    lambda grammar: ("Expect", grammar.chance.choice(("100-continue", "100-Continue", "200-ok"))),
    lambda grammar: (
        "Connection",
        grammar.chance.choice(("close", "keep-alive", "Upgrade", "x, close", "host, te")),
    ),
    lambda grammar: ("Upgrade", grammar.chance.choice(("h2c", "websocket", "TLS/1.0"))),
    lambda grammar: (
        grammar.chance.choice(("User-Agent", "X-Any", "Cookie", "Referer", "OCI-Tag", "Digest")),
        grammar.text(),
    ),
    lambda grammar: (
        grammar.chance.choice(
            ("X-Request-ID", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded")
        ),
        grammar.mostly(("1", "https", "127.0.0.1", "for=1.2.3.4;proto=https"), grammar.text),
    ),
    lambda grammar: ("Host", grammar.mostly(("localhost", "example.com:1"), grammar.text)),
    lambda grammar: (
        "Authorization",
        grammar.mostly(("Bearer x", "Basic eDp5", "Basic", "Basic !!!", "Bearer"), grammar.text),
    ),
)


def broken(chance: random.Random, raw: bytes) -> bytes:
    """Return a request whose bytes are damaged: lies, cuts, flips, and what smuggles."""
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(raw) + 1)
        kind = chance.randrange(7)
        if kind == 0:
            raw = raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]
        elif kind == 1:
            raw = raw[:at]
        elif kind == 2:
            raw = raw[:at] + raw[at : at + 20] * 3 + raw[at + 20 :]
        elif kind == 3:
            raw = raw[:at] + chance.choice((b"\r\n", b"\n", b"\r", b"\0", b" ", b":")) + raw[at:]
        elif kind == 4:
            line = chance.choice(LIES)
            raw = raw.replace(b"\r\n", b"\r\n" + line + b"\r\n", 1)
        elif kind == 5:
            raw = raw.replace(b"Content-Length: ", chance.choice((b"Content-Length: 1", b"CL: ")))
        else:
            raw = raw[at:]
    return raw


LIES = (
    *(b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: 99999999999", b"Host: other"),
    *(b"Content-Length: -1", b"Content-Length: 0x10", b"Content-Length : 5", b"Content-Length:\t3"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding:x"),
    *(b"Transfer-Encoding : chunked", b" folded: line", b"\tfolded", b"no colon", b": no name"),
    *(b"N\xc3\xa4me: x", b"X: \x01", b"X: \xff", b"X:" + b" " * 5000, b"X" * 66_000 + b": y"),
    *(b"Expect: 100-continue", b"Connection: close", b"Upgrade: h2c\r\nConnection: Upgrade"),
)
