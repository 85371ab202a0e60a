"""What a client of a fleet works with: places, chance, a balancer, and a memory."""

import random
from dataclasses import dataclass

from tests.fleet.history import Kind, Outcome

from .balancer import Answer, Balancer, Request, Told
from .records import Records, Seen
from .replicas import Replica

KNOWN_RECENT = 300
"""Manifests by digest are asked for among so many of the newest."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where clients work: all of them in the same few repositories and tags."""

    repositories: tuple[str, ...]
    tags: tuple[str, ...]

    @classmethod
    def of(cls, repositories: int, tags: int) -> "Places":
        """So many of each."""
        return cls(
            tuple(f"fleet/r{number}" for number in range(repositories)),
            tuple(f"t{number}" for number in range(tags)),
        )


@dataclass(frozen=True, slots=True)
class Desk:
    """One client's own."""

    name: str
    balancer: Balancer
    records: Records
    places: Places
    chance: random.Random

    async def ask(self, request: Request, told: Told | None = None) -> Answer | None:
        """Ask replicas until one answers; None when none does."""
        return await self.balancer.ask(request, self.chance, told or _forget)

    async def ask_once(self, request: Request) -> Answer | None:
        """Ask one replica by chance."""
        return await self.ask_at(self.chance.choice([*self.balancer.replicas]), request)

    async def ask_at(self, replica: Replica, request: Request) -> Answer | None:
        """Ask this replica, once."""
        return await self.balancer.ask_one(replica, request, _forget)

    def strange(self, request: Request, answer: Answer) -> None:
        """Count an answer that nothing explains, but that is no loss by itself."""
        self.records.errors[f"{request.what}: {answer.status} {answer.code}"] += 1

    def note_tag(
        self, repository: str, tag: str, seen: Seen, kind: Kind, value: str | None
    ) -> None:
        """Remember an operation on a tag."""
        if seen.outcome is not Outcome.FAILED:
            operation = seen.operation(kind, value, self.name)
            self.records.tags[f"{repository}:{tag}"].append(operation)

    def note_manifest(
        self, repository: str, digest: str, seen: Seen, kind: Kind, value: str | None
    ) -> None:
        """Remember an operation on a manifest."""
        if seen.outcome is not Outcome.FAILED:
            operation = seen.operation(kind, value, self.name)
            self.records.manifests[f"{repository}@{digest}"].append(operation)

    def repository(self) -> str:
        """Some repository."""
        return self.chance.choice(self.places.repositories)

    def tag(self) -> str:
        """Some tag."""
        return self.chance.choice(self.places.tags)

    def known(self) -> tuple[str, str] | None:
        """A manifest that was put a while ago, by repository and digest."""
        recent = self.records.put[-KNOWN_RECENT:]
        return self.chance.choice(recent) if recent else None


def _forget(_seen: Seen) -> None:
    """What may have been done twice harms nobody."""
