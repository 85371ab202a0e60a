"""Bytes that were JSON once: cut, flipped, and spiced with what trips parsers."""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

WHOLE_MAX_BYTES = 4 * 1024 * 1024
"""As large as a manifest may be: what is repeated is repeated up to here."""
DEPTHS = (10, 100, 900, 1100, 10_000, 100_000)
HEAVY_SHARE = 1 / 4000
"""Of what is made: megabytes of digits, brackets or keys."""

SPICES = (
    *(b"null", b"true", b"NaN", b"Infinity", b"-Infinity", b"-0", b"1e999", b"-1", b"2.0"),
    *(b"9" * 30, b"9" * 400, b"9007199254740993", b"1e2", b"0x10", b"01", b"+1", b".5", b"1."),
    *(b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b'"\x00"', b'"\\x41"', b'"\t"', b"'a'"),
    *(b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\xe2\x84\xaa"),
    *(b"//", b"/**/", b",", b",,", b":", b"{}", b"[]", b'""', b"{", b"}", b"[", b"]", b'"', b"\\"),
    *(b'"size":-1,', b'"size":9007199254740993,', b'"size":1e3,', b'"size":true,'),
    *(b'"layers":null,', b'"manifests":[],', b'"config":{},', b'"subject":null,', b'"x":[],'),
    *(b'"Config":null,', b'"conf\\u0069g":null,', b'"\xc5\xbfubject":{},', b'"schemaVersion":1,'),
    *(b'"digest":"sha256:",', b'"digest":"md5:d41d8cd98f00b204e9800998ecf8427e",'),
    *(b'"mediaType":"application/vnd.docker.distribution.manifest.v1+prettyjws",',),
    *(b'"annotations":{"a":"1","a":"2"},', b'"annotations":{"a":null},', b'"data":"e30=",'),
)
LEAVES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, -1, 2**53, 2**53 + 1, 2**63, 2**64, 10**400, 1.5, 1e308, ""),
    *("\x00", "\ud800", "\u212aey", "a" * 70_000, [], {}, [[]], {"": {}}, "sha256:" + "0" * 64),
    *("sha512:" + "a" * 128, "sha256:" + "A" * 64, "sha256:é", "sha384:" + "0" * 96),
    *("application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"),
)

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def mutate(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Return bytes made from one of `seeds`, which are JSON objects; the same for one `chance`."""
    if chance.random() < HEAVY_SHARE:
        return heavy(chance)
    raw = chance.choice(seeds)
    if chance.random() < 0.5:
        raw = _dumped(chance, _change(chance, json.loads(raw)))
    for _ in range(chance.choice((0, 0, 0, 1, 1, 1, 2, 8))):
        raw = chance.choice(_MUTATIONS)(chance, raw, seeds)
    return raw


def heavy(chance: random.Random) -> bytes:
    """Return something as large, or as deep, as it may be."""
    start, part, end = chance.choice(
        [
            (b'{"schemaVersion":', b"9", b"}"),
            (b'{"schemaVersion":-0.', b"9", b"}"),
            (b'{"schemaVersion":2,"x":1e', b"9", b"}"),
            (b'{"schemaVersion":2,"x":', b"[", b""),
            (b'{"schemaVersion":2,"x":', b'{"a":', b""),
            (b'{"schemaVersion":2,"annotations":{"a":"', b"\\u0000", b'"}}'),
            (b'{"schemaVersion":2', b',"x":1', b"}"),
            (b'{"schemaVersion":2,"annotations":{"a":"b"', b',"a":"b"', b"}}"),
            (b'{"schemaVersion":2,"layers":[{}', b",{}", b"]}"),
            (b'{"schemaVersion":2,"manifests":[null', b",null", b"]}"),
            (b'{"schemaVersion":2,"mediaType":"', b"\xc3\xa9", b'"}'),
            (b" ", b" ", b"{}"),
            (b"", b"\x00", b""),
            (b"", b"[", b""),
            (b"", b'"', b""),
        ]
    )
    room = WHOLE_MAX_BYTES - len(start) - len(end)
    return start + part * (chance.choice((room, room // 2, 100_000)) // len(part)) + end


def _flip(chance: random.Random, raw: bytes, _seeds: Sequence[bytes]) -> bytes:
    if not raw:
        return raw
    at = chance.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :]


def _set(chance: random.Random, raw: bytes, _seeds: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + bytes([chance.randrange(256)]) + raw[at + 1 :]


def _cut_end(chance: random.Random, raw: bytes, _seeds: Sequence[bytes]) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def _cut_out(chance: random.Random, raw: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = _span(chance, raw)
    return raw[:start] + raw[end:]


def _repeat(chance: random.Random, raw: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = _span(chance, raw)
    return raw[:start] + raw[start:end] * chance.choice((2, 2, 3, 30)) + raw[end:]


def _splice(chance: random.Random, raw: bytes, seeds: Sequence[bytes]) -> bytes:
    other = chance.choice(seeds)
    return raw[: chance.randrange(len(raw) + 1)] + other[chance.randrange(len(other)) :]


def _spice(chance: random.Random, raw: bytes, _seeds: Sequence[bytes]) -> bytes:
    """Put it where a value, a key or anything may stand."""
    places = [at for at, byte in enumerate(raw) if byte in b"{[:,"]
    at = chance.choice(places) + 1 if places and chance.random() < 0.8 else len(raw)
    end = at
    if chance.random() < 0.5:
        while end < len(raw) and raw[end] not in b",}]":
            end += 1
    return raw[:at] + chance.choice(SPICES) + raw[end:]


def _nest(chance: random.Random, raw: bytes, _seeds: Sequence[bytes]) -> bytes:
    start, end = _span(chance, raw)
    depth = chance.choices(DEPTHS, (60, 20, 10, 10, 1, 1))[0]
    opening, closing = chance.choice([(b"[", b"]"), (b'{"a":', b"}"), (b'{"config":', b"}")])
    closed = closing * depth if chance.random() < 0.8 else b""
    return raw[:start] + opening * depth + (raw[start:end] or b"1") + closed + raw[end:]


def _span(chance: random.Random, raw: bytes) -> tuple[int, int]:
    start = chance.randrange(len(raw) + 1)
    return start, min(len(raw), start + chance.choice((1, 2, 8, 40, 200)))


_MUTATIONS: tuple[Mutation, ...] = (
    *(_flip, _flip, _set, _cut_end, _cut_out, _repeat, _splice, _spice, _spice, _spice, _nest),
)


def _change(chance: random.Random, value: Any) -> Any:
    """Change one place of a JSON value; the way to it is by chance."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(list(value))
        changed = dict(value)
        done = chance.randrange(8)
        if done == 0:
            del changed[key]
        elif done == 1:
            changed[chance.choice((key.upper(), key.title(), key + "\u0000", "", "config"))] = value
        else:
            changed[key] = _change(chance, value[key])
        return changed
    if isinstance(value, list) and value and chance.random() < 0.85:
        at = chance.randrange(len(value))
        done = chance.randrange(6)
        if done == 0:
            return value * chance.choice((0, 2, 50))
        return [*value[:at], _change(chance, value[at]), *value[at + 1 :]]
    return chance.choice(LEAVES)


def _dumped(chance: random.Random, value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=chance.random() < 0.7, indent=chance.choice((None, 1)))
    return text.encode("utf-8", "surrogatepass")
