"""What every container engine can do here, each with a store of its own."""

from pathlib import Path
from typing import Protocol

from tests.blackbox.server import Registry
from tests.blackbox.wire import Login
from tools.corpus.layout import Image

ENGINE_SECONDS = 600
"""How long one command of an engine may take: a 2 GiB push on a slow disk."""


class Engine(Protocol):
    """One engine with one private image store, empty when it is made.

    Names are full references, HOST:PORT/REPOSITORY:TAG. Every verb raises
    CommandFailedError when the engine says no.
    """

    @property
    def label(self) -> str:
        """Name and version, as a transcript shows them."""

    @property
    def keeps_bytes(self) -> bool:
        """Whether a push sends the manifest and layers as they came in."""

    def login(self, host: str, login: Login) -> None:
        """Logs in; the credentials stay in this engine's own files."""

    def take(self, image: Image, name: str) -> None:
        """Brings a layout's image into the store, as `name`."""

    def push(self, name: str) -> None:
        """Pushes from the store."""

    def pull(self, name: str) -> None:
        """Pulls into the store."""

    def digests(self, name: str) -> set[str]:
        """The manifest digests under which the store knows an image."""

    def save(self, name: str, archive: Path) -> None:
        """Writes the image as a tar."""

    def load(self, archive: Path, name: str) -> None:
        """Removes the image, and brings it back from what `save` wrote."""


class Engines(Protocol):
    """Makes engines of one kind."""

    def fresh(self) -> Engine:
        """An engine with an empty store and no credentials."""


def logged_in(engine: Engine, registry: Registry) -> Engine:
    """The engine, which may push if the registry asks who it is."""
    if registry.login is not None:
        engine.login(registry.host, registry.login)
    return engine
