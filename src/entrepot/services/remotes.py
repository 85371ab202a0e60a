"""Other registries: kept with their accounts' secrets, and asked."""

from dataclasses import replace

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog, Tx
from entrepot.ports.clock import Clock
from entrepot.ports.keys import SecretRow
from entrepot.ports.remotes import Login, Reached, Remote, RemoteRegistry
from entrepot.ports.sealing import SealBroken, Sealer
from entrepot.rules.remotes import RemoteText, check_remote, check_secret, normal_url, same_place

from .auditing import Act, record
from .context import Caller
from .secrets import KIND as SECRET

REMOTES_MAX = 1000
"""Most registries: a list of them is never paged by halves."""


class RemoteService:
    """Keeps other registries. The caller has checked rights.

    A secret is written and never read by anybody: it goes to the registry that it was given for.
    """

    def __init__(
        self, catalog: Catalog, clock: Clock, registry: RemoteRegistry, sealer: Sealer | None
    ) -> None:
        """Without a `sealer` no secrets are kept."""
        self._catalog = catalog
        self._clock = clock
        self._registry = registry
        self._sealer = sealer

    async def create(self, text: RemoteText, secret: str, caller: Caller) -> Remote:
        """Keep a registry; `Fault`: REQUEST_INVALID, CONFLICT, DENIED for too many."""
        _check(text, secret)
        now = self._clock.now()
        remote = _remote(0, text, now, now)
        async with self._catalog.begin(write=True) as tx:
            if len(await tx.remotes.page(0, REMOTES_MAX)) >= REMOTES_MAX:
                raise Fault(Code.DENIED, f"there are {REMOTES_MAX} registries already: remove one")
            remote_id = await tx.remotes.add(remote)
            if remote_id is None:
                raise _taken(text.name)
            remote = replace(remote, id=remote_id)
            if secret:
                await self._seal(tx, remote_id, secret)
            await record(tx, caller, now, _act("remote.created", remote))
        return remote

    async def change(
        self, remote_id: int, text: RemoteText, secret: str | None, caller: Caller
    ) -> Remote:
        """Write a registry anew; None for the secret keeps it, and an empty one takes it away.

        `Fault`: NOT_FOUND, CONFLICT, REQUEST_INVALID; that too for another server without a
        secret: what was given for the one is not shown to another.
        """
        _check(text, secret or "")
        async with self._catalog.begin(write=True) as tx:
            before = await _found(tx, remote_id)
            named = await tx.remotes.by_name(text.name)
            if named is not None and named.id != remote_id:
                raise _taken(text.name)
            after = _remote(remote_id, text, before.created_at, before.changed_at)
            moves = not same_place(before.url, after.url) or (
                after.insecure and not before.insecure
            )
            if secret is None and moves and await tx.sealed_secrets.find(_secret(remote_id)):
                raise Fault(
                    Code.REQUEST_INVALID,
                    "the account's secret was given for another server, or for one whose "
                    "certificate is looked at: give it again with the change",
                )
            if after == before and secret is None:
                return before
            after = replace(after, changed_at=self._clock.now())
            await tx.remotes.change(after)
            if secret:
                await self._seal(tx, remote_id, secret)
            elif secret is not None:
                await tx.sealed_secrets.remove(_secret(remote_id))
            await record(tx, caller, after.changed_at, _act("remote.changed", after))
        return after

    async def remove(self, remote_id: int, caller: Caller) -> None:
        """Forget a registry and its secret; `Fault`: NOT_FOUND, CONFLICT if a policy names it."""
        async with self._catalog.begin(write=True) as tx:
            remote = await _found(tx, remote_id)
            policy = await tx.replication_policies.of_remote(remote_id)
            if policy is not None:
                raise Fault(
                    Code.CONFLICT,
                    f"replication policy {policy.name} copies from or to it: remove that first",
                    {"policy": policy.id},
                )
            await tx.sealed_secrets.remove(_secret(remote_id))
            await tx.remotes.remove(remote_id)
            await record(tx, caller, self._clock.now(), _act("remote.removed", remote))

    async def find(self, remote_id: int) -> Remote:
        """Return a registry, or raise `Fault(NOT_FOUND)`."""
        async with self._catalog.begin() as tx:
            return await _found(tx, remote_id)

    async def by_name(self, name: str) -> Remote | None:
        """Return the registry of that name, or None."""
        async with self._catalog.begin() as tx:
            return await tx.remotes.by_name(name)

    async def page(self, after: int, limit: int) -> list[Remote]:
        """Return registries by id, those above `after`; at most `REMOTES_MAX` in all."""
        async with self._catalog.begin() as tx:
            return await tx.remotes.page(after, limit)

    async def login(self, remote_id: int) -> Login:
        """Return how to reach a registry; `Fault`: NOT_FOUND, UNAVAILABLE for a broken seal."""
        async with self._catalog.begin() as tx:
            remote = await _found(tx, remote_id)
            row = await tx.sealed_secrets.find(_secret(remote_id))
        secret = self._opened(row) if row is not None else ""
        return Login(remote.url, remote.account, secret, remote.insecure)

    async def ping(self, remote_id: int) -> Reached:
        """Ask a registry whether it is there and lets the account in; `Fault` as `login`."""
        return await self._registry.ping(await self.login(remote_id))

    async def try_out(self, text: RemoteText, secret: str) -> Reached:
        """Ask a registry that is not kept yet; `Fault(REQUEST_INVALID)`."""
        _check(text, secret)
        url = normal_url(text.url)
        return await self._registry.ping(Login(url, text.account, secret, text.insecure))

    async def _seal(self, tx: Tx, remote_id: int, secret: str) -> None:
        if self._sealer is None:
            raise Fault(Code.UNSUPPORTED, "no secrets are kept here: there are no master keys")
        name = _secret(remote_id)
        sealed = self._sealer.seal(f"{SECRET}:{name}", secret.encode())
        await tx.sealed_secrets.put(SecretRow(name, sealed, self._clock.now()))

    def _opened(self, row: SecretRow) -> str:
        if self._sealer is None:
            raise Fault(Code.UNSUPPORTED, "no secrets are kept here: there are no master keys")
        try:
            return self._sealer.open(f"{SECRET}:{row.name}", row.sealed).decode()
        except SealBroken as error:
            raise Fault(
                Code.UNAVAILABLE, f"the account's secret cannot be read: {error}"
            ) from error


def _check(text: RemoteText, secret: str) -> None:
    wrong = check_remote(text) or check_secret(secret)
    if wrong is not None:
        raise wrong


def _remote(remote_id: int, text: RemoteText, created_at: float, changed_at: float) -> Remote:
    return Remote(
        remote_id,
        text.name,
        text.kind,
        normal_url(text.url),
        text.description,
        text.insecure,
        text.account,
        created_at,
        changed_at,
    )


def _secret(remote_id: int) -> str:
    return f"registry/{remote_id}"


async def _found(tx: Tx, remote_id: int) -> Remote:
    remote = await tx.remotes.find(remote_id)
    if remote is None:
        raise Fault(
            Code.NOT_FOUND,
            f"there is no registry {remote_id}: list them, which shows their ids",
            {"remote": remote_id},
        )
    return remote


def _taken(name: str) -> Fault:
    return Fault(Code.CONFLICT, f"there is a registry {name[:64]!a} already: use another name")


def _act(operation: str, remote: Remote) -> Act:
    detail = {
        "id": remote.id,
        "kind": remote.kind,
        "url": remote.url,
        "account": remote.account,
        "insecure": remote.insecure,
    }
    return Act(operation, remote.name, "", detail)
