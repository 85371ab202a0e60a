"""What every engine must be able to do with the registry, whichever it is."""

from pathlib import Path

import pytest

from tests.blackbox.compare import assert_archive_holds, assert_served
from tests.blackbox.engines import Engine, Engines, logged_in
from tests.blackbox.processes import CommandFailedError
from tests.blackbox.server import Registry
from tests.blackbox.wire import Login
from tools.corpus.layout import Image, digest_of
from tools.corpus.shelf import Shelf


class EngineSuite:
    """Inherited by a test class whose module has the fixtures `engines` and `project`."""

    def test_round_trip(
        self,
        project: str,
        pusher: Engine,
        puller: Engine,
        registry: Registry,
        single: Image,
        scratch: Path,
    ) -> None:
        """Push, look at the bytes served, pull elsewhere, save, load."""
        wire, repository = registry.wire(), f"{project}/{single.name}"
        name = registry.name(repository)
        pusher.take(single, name)
        pusher.push(name)
        assert_served(wire, single, repository, exactly=pusher.keeps_bytes)
        assert wire.tags(repository) == ["latest"]
        puller.pull(name)
        assert digest_of(wire.manifest(repository, "latest")) in puller.digests(name)
        archive = scratch / "saved.tar"
        puller.save(name, archive)
        assert_archive_holds(archive, single)
        puller.load(archive, name)

    def test_index_of_three_platforms(
        self,
        project: str,
        pusher: Engine,
        puller: Engine,
        registry: Registry,
        shelf: Shelf,
    ) -> None:
        """An index made by the engine's own means, and pulled by another."""
        image, repository = shelf.image("platforms"), f"{project}/platforms"
        wire, name = registry.wire(), registry.name(repository)
        pusher.take(image, name)
        pusher.push(name)
        assert_served(wire, image, repository, exactly=pusher.keeps_bytes)
        puller.pull(name)
        assert digest_of(wire.manifest(repository, "latest")) in puller.digests(name)

    @pytest.mark.parametrize(
        "kind, reference",
        [("platforms", "latest"), ("docker-schema2", "list")],
    )
    def test_pulls_what_another_client_pushed(
        self,
        kind: str,
        reference: str,
        project: str,
        engines: Engines,
        registry: Registry,
        shelf: Shelf,
    ) -> None:
        """An index or manifest keeps its digest all the way into the store."""
        image = shelf.image(kind, reference)
        repository = f"{project}/seeded-{kind}-{reference}"
        registry.wire().push(image, repository, "v1")
        name = registry.name(repository, "v1")
        puller = logged_in(engines.fresh(), registry)
        puller.pull(name)
        assert image.digest in puller.digests(name)

    def test_wrong_password(self, engines: Engines, registry: Registry) -> None:
        """Refused at the login, or by a client that has none at the pull."""
        assert registry.login is not None
        stranger = engines.fresh()
        wrong = Login(registry.login.username, "wrong")
        with pytest.raises(CommandFailedError, match=r"(?i)unauthorized|denied|401|password"):
            _log_in_and_pull(stranger, registry, wrong)

    def test_open_registry(
        self, project: str, engines: Engines, open_registry: Registry, shelf: Shelf
    ) -> None:
        """With `--open` nobody logs in, and a one-word name will do."""
        image = shelf.image("referred")
        name = open_registry.name(f"{project}-open", "v1")
        engine = engines.fresh()
        engine.take(image, name)
        engine.push(name)
        open_registry.wire().assert_equivalent(image, f"{project}-open", "v1")
        engine.pull(name)


def _log_in_and_pull(engine: Engine, registry: Registry, login: Login) -> None:
    engine.login(registry.host, login)
    engine.pull(registry.name("nobody/nothing"))
