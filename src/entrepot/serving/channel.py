"""What the first process of a server and each other one say to each other."""

import asyncio
import socket
from typing import Self

import msgspec

from entrepot.faces.manage.gathering import Family
from entrepot.settings import Settings

MESSAGE_MAX_BYTES = 16 << 20
"""Far more than the metrics of a process take."""
UNSENT_MAX_BYTES = 32 << 20
"""A process that leaves so much unread hears no more."""
_LENGTH_BYTES = 4


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A bound socket that was inherited: its descriptor, and the address to show."""

    file: int
    address: str
    path: str = ""
    """Of a Unix socket."""


class Begin(msgspec.Struct, frozen=True, tag=True):
    """First of all: who you are, and what you inherited."""

    number: int
    settings: Settings
    lock: int
    places: dict[str, list[Place]]
    """By the address in `server.listen`."""
    printed_keys: bytes = b""
    """Master keys that a program printed to the first process."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """I accept connections."""


class Use(msgspec.Struct, frozen=True, tag=True):
    """The settings have been read again: take over what can be."""

    settings: Settings


class Stop(msgspec.Struct, frozen=True, tag=True):
    """Drain and end; said twice, end at once."""


class Count(msgspec.Struct, frozen=True, tag=True):
    """Say your metrics."""


class Counted(msgspec.Struct, frozen=True, tag=True):
    """My metrics."""

    families: list[Family]


class Gather(msgspec.Struct, frozen=True, tag=True):
    """Say everybody's metrics."""


class Gathered(msgspec.Struct, frozen=True, tag=True):
    """Everybody's metrics, by number."""

    by_worker: dict[str, list[Family]]


Message = Begin | Ready | Use | Stop | Count | Counted | Gather | Gathered


class Channel:
    """Messages over a socket pair; it ends with the process at the other end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)

    @classmethod
    async def over(cls, sock: socket.socket) -> Self:
        """Take over one end of a socket pair."""
        return cls(*await asyncio.open_connection(sock=sock))

    def send(self, message: Message) -> None:
        """Send, without waiting; nothing happens when the other end is gone, or reads nothing."""
        transport = self._writer.transport
        if transport.is_closing() or transport.get_write_buffer_size() > UNSENT_MAX_BYTES:
            return
        text = msgspec.msgpack.encode(message)
        self._writer.write(len(text).to_bytes(_LENGTH_BYTES) + text)

    async def receive(self) -> Message | None:
        """Return the next message; None when the other end is gone."""
        try:
            length = int.from_bytes(await self._reader.readexactly(_LENGTH_BYTES))
            if length > MESSAGE_MAX_BYTES:
                return None
            return self._decoder.decode(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError, msgspec.DecodeError):
            return None

    def close(self) -> None:
        self._writer.close()
