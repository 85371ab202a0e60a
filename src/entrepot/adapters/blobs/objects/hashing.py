"""Hashes whose state can be kept, so that any process goes on with them.

hashlib cannot export what it has so far. The functions of OpenSSL's libcrypto that hashlib itself
stands on can: their context is a plain structure (`SHA256_CTX`, `SHA512_CTX` of `openssl/sha.h`,
unchanged since 1.0). What is kept is written out field by field, so that machines of another byte
order read it too. Where the library is not found, or does not pass `_is_right`, there is no state,
and what was stored is read again instead.
"""

import ctypes
import hashlib
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from entrepot.oci.digest import Hasher, new_hasher

_LIBRARIES = ("libcrypto.so.3", "libcrypto.3.dylib", "libcrypto.so.1.1")
"""Looked for after the one that Python's own `_hashlib` is linked with."""
_PROBE = bytes(range(256)) * 3


class _Sha256Context(ctypes.Structure):
    _fields_ = (
        ("h", ctypes.c_uint32 * 8),
        ("bits_low", ctypes.c_uint32),
        ("bits_high", ctypes.c_uint32),
        ("block", ctypes.c_uint8 * 64),
        ("fill", ctypes.c_uint),
        ("length", ctypes.c_uint),
    )
    h: "ctypes.Array[ctypes.c_uint32]"
    bits_low: int
    bits_high: int
    block: "ctypes.Array[ctypes.c_uint8]"
    fill: int


class _Sha512Context(ctypes.Structure):
    _fields_ = (
        ("h", ctypes.c_uint64 * 8),
        ("bits_low", ctypes.c_uint64),
        ("bits_high", ctypes.c_uint64),
        ("block", ctypes.c_uint8 * 128),
        ("fill", ctypes.c_uint),
        ("length", ctypes.c_uint),
    )
    h: "ctypes.Array[ctypes.c_uint64]"
    bits_low: int
    bits_high: int
    block: "ctypes.Array[ctypes.c_uint8]"
    fill: int


@dataclass(frozen=True, slots=True)
class _Calls:
    """What a library does for one algorithm."""

    algorithm: str
    context: type[_Sha256Context] | type[_Sha512Context]
    packed: struct.Struct
    size_bytes: int
    init: Callable[..., object]
    update: Callable[..., object]
    final: Callable[..., object]


class KeptHasher:
    """A running hash as `oci.digest.Hasher`, with `state`. One thread at a time."""

    __slots__ = ("_calls", "_context")

    def __init__(self, calls: _Calls) -> None:
        self._calls = calls
        self._context = calls.context()
        calls.init(ctypes.byref(self._context))

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        if not len(data):
            return
        # ctypes takes the address of bytes, and of what can be written to; others are copied.
        if isinstance(data, memoryview) and data.readonly:
            data = bytes(data)
        start = data if isinstance(data, bytes) else ctypes.byref(ctypes.c_char.from_buffer(data))
        self._calls.update(ctypes.byref(self._context), start, ctypes.c_size_t(len(data)))

    def hexdigest(self) -> str:
        copy = self._calls.context.from_buffer_copy(self._context)
        out = ctypes.create_string_buffer(self._calls.size_bytes)
        self._calls.final(out, ctypes.byref(copy))
        return out.raw.hex()

    def state(self) -> str:
        """Return all there is to go on with, as hex."""
        context = self._context
        head = self._calls.packed.pack(
            *context.h, context.bits_high, context.bits_low, context.fill
        )
        return (head + bytes(context.block[: context.fill])).hex()

    def go_on(self, state: str) -> None:
        """Stand where `state` was taken; ValueError if it is none of this algorithm."""
        packed, context = self._calls.packed, self._context
        raw = bytes.fromhex(state)
        if len(raw) < packed.size:
            raise ValueError("the state of the hash is cut")
        *words, bits_high, bits_low, fill = packed.unpack_from(raw)
        rest = raw[packed.size :]
        if fill != len(rest) or fill >= len(context.block):
            raise ValueError("the state of the hash is not one")
        context.h[:] = words
        context.bits_high, context.bits_low, context.fill = bits_high, bits_low, fill
        ctypes.memmove(context.block, rest, fill)


def start(algorithm: str) -> Hasher:
    """Return an empty hasher, a `KeptHasher` if there can be one.

    `Fault(DIGEST_INVALID)` for an algorithm that is not stored.
    """
    calls = _known().get(algorithm)
    return new_hasher(algorithm) if calls is None else KeptHasher(calls)


def state_of(hasher: Hasher) -> str | None:
    """Return the state to keep; None where it cannot be had."""
    return hasher.state() if isinstance(hasher, KeptHasher) else None


def go_on(algorithm: str, state: str) -> Hasher | None:
    """Return a hasher that stands where `state` was taken; None if that is not possible here."""
    calls = _known().get(algorithm)
    if calls is None:
        return None
    hasher = KeptHasher(calls)
    try:
        hasher.go_on(state)
    except ValueError:
        return None
    return hasher


@cache
def _known() -> dict[str, _Calls]:
    """Return the calls of the first library that is right, by algorithm."""
    own = getattr(sys.modules.get("_hashlib"), "__file__", None)
    for name in (own, *_LIBRARIES):
        if name is None:
            continue
        try:
            found = _calls(ctypes.CDLL(name))
        except (OSError, AttributeError):  # not there, or without these functions
            continue
        if all(_is_right(calls) for calls in found.values()):
            return found
    return {}


def _calls(library: ctypes.CDLL) -> dict[str, _Calls]:
    return {
        algorithm: _Calls(
            algorithm,
            context,
            packed,
            hashlib.new(algorithm).digest_size,
            getattr(library, f"{algorithm.upper()}_Init"),
            getattr(library, f"{algorithm.upper()}_Update"),
            getattr(library, f"{algorithm.upper()}_Final"),
        )
        for algorithm, context, packed in (
            ("sha256", _Sha256Context, struct.Struct(">8I2II")),
            ("sha512", _Sha512Context, struct.Struct(">8Q2QI")),
        )
    }


def _is_right(calls: _Calls) -> bool:
    """Whether states taken anywhere in a block go on to what hashlib says."""
    wanted = hashlib.new(calls.algorithm, _PROBE).hexdigest()
    for cut in (0, 1, 63, 64, 65, 127, 128, 129, 500):
        first, again = KeptHasher(calls), KeptHasher(calls)
        first.update(_PROBE[:cut])
        again.go_on(first.state())
        again.update(bytearray(_PROBE[cut:]))
        if again.hexdigest() != wanted:
            return False
    return True
