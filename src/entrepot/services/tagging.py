"""Which tags a push moves, by the policies of its project."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from entrepot.oci.reference import Tag
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.rules import aliases, immutability, naming
from entrepot.rules.aliases import Aliases
from entrepot.rules.semver import parse_tag

from .policies import ProjectPolicies

TAGS_PAGE = 256
_DIGITS = tuple("0123456789")


@dataclass(frozen=True, slots=True)
class Target:
    """Where tags go: a manifest of a repository, whose row's id is 0 if there is none yet."""

    name: RepositoryName
    repository_id: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class Move:
    """A tag that is not at its target yet."""

    tag: Tag
    before: Digest | None


@dataclass(frozen=True, slots=True)
class Leads:
    """What each pushed release leads, and where those aliases were, before the transaction."""

    aliases: Aliases = aliases.OFF
    found: dict[Tag, dict[Tag, Digest | None]] = field(default_factory=dict)


_Read = Callable[[str], Awaitable[list[Tag]]]
"""Reads a page of tags after one."""


async def find_leads(
    catalog: Catalog,
    clock: Clock,
    wanted: Callable[[Tx], Awaitable[ProjectPolicies]],
    name: RepositoryName,
    tags: Iterable[Tag],
) -> Leads:
    """Look through all releases for those above the pushed ones, where there are any to be pushed.

    There may be very many, so others are let in between two pages.
    """
    releases = [tag for tag in tags if (found := parse_tag(tag)) and found.is_release]
    if not releases:
        return Leads()
    async with catalog.begin() as tx:
        policies = await wanted(tx)
        repository = await tx.repositories.find(name)
        repository_id = repository.id if repository else 0
        leads = Leads(policies.aliases)
        for tag in releases:
            led = aliases.moves(tag, (), policies.aliases)
            leads.found[tag] = {alias: await tx.tags.find(repository_id, alias) for alias in led}

    async def read(after: str) -> list[Tag]:
        await clock.sleep(0)
        async with catalog.begin() as tx:
            return await tx.tags.page(repository_id, after, TAGS_PAGE)

    for tag, before in leads.found.items():
        led = await _led_by(read, policies.aliases, tag)
        leads.found[tag] = {alias: before[alias] for alias in led}
    return leads


async def pushed_moves(
    tx: Tx, policies: ProjectPolicies, target: Target, tags: Iterable[Tag]
) -> list[Move]:
    """Return which of the pushed tags move, in order.

    Raises what immutability (I8) and naming say against it. A tag that is there already is not
    asked about: pushing the same again is harmless.
    """
    found = []
    for tag, before in (await _places(tx, target, tags)).items():
        if before == target.digest:
            continue
        rules = policies.immutability
        refusal = immutability.refusal(
            rules, target.name, tag, current=before, new=target.digest
        ) or naming.refusal(policies.naming, target.name, tag, policies.aliases)
        if refusal is not None:
            raise refusal
        found.append(Move(tag, before))
    return found


async def alias_moves(
    tx: Tx, policies: ProjectPolicies, target: Target, moves: Iterable[Move], leads: Leads
) -> list[Move]:
    """Return the aliases that follow the tags that move, and are not among them.

    An alias that is immutable stays where it is (I8).
    """
    pushed = [move.tag for move in moves]
    wanted: dict[Tag, None] = {}
    for tag in pushed:
        if aliases.may_move(tag, policies.aliases):
            wanted |= dict.fromkeys(await _led_now(tx, policies, target, tag, leads))
    found = []
    for alias, before in (await _places(tx, target, wanted)).items():
        if alias in pushed or before == target.digest:
            continue
        rules = policies.immutability
        if not immutability.refusal(rules, target.name, alias, current=before, new=target.digest):
            found.append(Move(alias, before))
    return found


def told(policies: ProjectPolicies, name: RepositoryName, tags: Iterable[Tag]) -> tuple[str, ...]:
    """Return what to tell one who pushed these tags."""
    texts = []
    for tag in tags:
        texts.append(naming.warning(policies.naming, name, tag, policies.aliases))
        texts.append(naming.latest_warning(policies.environment, name, tag))
    return tuple(text for text in texts if text is not None)


async def _places(tx: Tx, target: Target, tags: Iterable[Tag]) -> dict[Tag, Digest | None]:
    """Return where tags are, in the order in which they are given."""
    asked = list(dict.fromkeys(tags))
    if len(asked) == 1:
        return {asked[0]: await tx.tags.find(target.repository_id, asked[0])}
    found = await tx.together(*(tx.tags.find(target.repository_id, tag) for tag in asked))
    return dict(zip(asked, found, strict=True))


async def _led_now(
    tx: Tx, policies: ProjectPolicies, target: Target, tag: Tag, leads: Leads
) -> Iterable[Tag]:
    """Return what the release leads; looked for again if another push came in between.

    That one has moved an alias. What else came or went since might as well have done so later.
    """
    found = leads.found.get(tag) if leads.aliases == policies.aliases else None
    if found is not None and await _places(tx, target, found) == found:
        return found

    async def read(after: str) -> list[Tag]:
        return await tx.tags.page(target.repository_id, after, TAGS_PAGE)

    return await _led_by(read, policies.aliases, tag)


async def _led_by(read: _Read, wanted: Aliases, tag: Tag) -> tuple[Tag, ...]:
    led = aliases.moves(tag, (), wanted)
    for prefix in _prefixes(tag, led):
        async for page in _tags_with(read, prefix):
            still = aliases.moves(tag, page, wanted)
            led = tuple(alias for alias in led if alias in still)
            if not led:
                return ()
    return led


def _prefixes(tag: Tag, led: tuple[Tag, ...]) -> tuple[str, ...]:
    """Return what the tags begin with that may stand against a move.

    Builds push far more tags than releases have; most of those need not be read.
    """
    version = parse_tag(tag)
    if version is None or not led:
        return ()
    if aliases.LATEST in led:
        return (*_DIGITS, "v")
    major = f"{version.prefix}{version.major}."
    return (major,) if Tag(major[:-1]) in led else (f"{major}{version.minor}.",)


async def _tags_with(read: _Read, prefix: str) -> AsyncIterator[list[Tag]]:
    """Yield the tags that begin so and are longer than it, in pages; they are one run of all."""
    after = prefix
    while True:
        page = await read(after)
        fitting = [tag for tag in page if tag.startswith(prefix)]
        if fitting:
            yield fitting
        if len(fitting) < TAGS_PAGE:
            return
        after = page[-1]
