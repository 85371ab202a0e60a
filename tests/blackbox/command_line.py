"""Clients that keep no daemon and no image store: one program, its own home."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.blackbox.processes import Argument, Workspace, base_environment, run

PASSWORD_OF_KEYS = "made-for-this-test"


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A program whose credentials, keys and caches lie below `home`."""

    program: Path
    home: Path
    env: dict[str, str] = field(repr=False)
    prefix: Sequence[Argument] = ()

    @classmethod
    def at_home(cls, program: Path, workspace: Workspace, **env: str) -> "CommandLine":
        """In a new home, where Docker's, XDG's and sigstore's files are kept too."""
        home = workspace.directory(program.name)
        places = {
            "DOCKER_CONFIG": str(home / "docker"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "TUF_ROOT": str(home / "tuf"),
        }
        return cls(program, home, {**base_environment(home), **places, **env})

    def __call__(self, *words: Argument, stdin: str | None = None) -> str:
        """Runs it in its way of saying things; returns what it printed on stdout."""
        return run([*self.prefix, self.program, *words], env=self.env, stdin=stdin).stdout
