"""Webhooks and deliveries in the catalog."""

from dataclasses import asdict

from entrepot.ports.keys import SealedValue
from entrepot.ports.webhooks import WAITING, Delivery, NewDelivery, Outcome, State, Webhook

from . import sql
from .connection import Connection, Row

_NEWEST_ID = 2**63 - 1


class SqlWebhooks:
    """Keeps `ports.webhooks.Webhooks`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, row: Webhook) -> int:
        values = asdict(row)
        del values["id"]
        values |= {"enabled": int(row.enabled), "removed": int(row.removed)}
        made = await self._connection.row(sql.WEBHOOKS_ADD, values)
        if made is None:
            raise AssertionError("an insert returns its row")
        return int(made[0])

    async def find(self, webhook_id: int) -> Webhook | None:
        row = await self._connection.row(sql.WEBHOOKS_FIND, {"webhook_id": webhook_id})
        return _webhook(row) if row else None

    async def change(self, row: Webhook) -> None:
        values = {
            "webhook_id": row.id,
            "new_name": row.name,
            "new_enabled": int(row.enabled),
            "new_document": row.document,
            "new_sealed": row.sealed,
            "new_changed_at": row.changed_at,
            "new_changed_by": row.changed_by,
        }
        await self._connection.run(sql.WEBHOOKS_CHANGE, values)

    async def place(self, webhook_id: int, reached: int, behind: int | None) -> None:
        values = {"webhook_id": webhook_id, "new_reached": reached, "new_behind": behind}
        await self._connection.run(sql.WEBHOOKS_PLACE, values)

    async def retire(self, webhook_id: int) -> None:
        # No name begins like that, so that its own is free again.
        values = {"webhook_id": webhook_id, "new_name": f"~{webhook_id}"}
        await self._connection.run(sql.WEBHOOKS_RETIRE, values)

    async def page(self, project: str | None, after: int, limit: int) -> list[Webhook]:
        values = {"project": project, "after": after, "limit": limit}
        statement = sql.WEBHOOKS_PAGE if project is None else sql.WEBHOOKS_PAGE_PROJECT
        return [_webhook(row) for row in await self._connection.rows(statement, values)]

    async def removed(self, limit: int) -> list[int]:
        rows = await self._connection.rows(sql.WEBHOOKS_REMOVED, {"limit": limit})
        return [webhook_id for (webhook_id,) in rows]

    async def forget(self, webhook_id: int) -> None:
        await self._connection.run(sql.WEBHOOKS_FORGET, {"webhook_id": webhook_id})


class SqlSealedWebhooks:
    """Keeps `ports.keys.SealedRows` for the secrets of webhooks, whose places are their ids."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page_sealed(self, after: str, limit: int) -> list[SealedValue]:
        values = {"after": int(after or 0), "limit": limit}
        rows = await self._connection.rows(sql.WEBHOOKS_PAGE_SEALED, values)
        return [SealedValue(str(id_), str(id_), sealed) for id_, sealed in rows]

    async def reseal(self, place: str, sealed: bytes) -> None:
        values = {"webhook_id": int(place), "new_sealed": sealed}
        await self._connection.run(sql.WEBHOOKS_RESEAL, values)


class SqlDeliveries:
    """Keeps `ports.webhooks.Deliveries`."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, rows: list[NewDelivery]) -> None:
        for row in rows:
            values = asdict(row) | {"attempt": 0, "error": "", "waiting": WAITING}
            if row.sequence > 0:
                await self._connection.run(sql.DELIVERIES_ADD, values)
            else:
                await self._connection.run(sql.DELIVERIES_ADD_AGAIN, values | {"zero": 0, "one": 1})

    async def find(self, delivery_id: int) -> Delivery | None:
        row = await self._connection.row(sql.DELIVERIES_FIND, {"delivery_id": delivery_id})
        return _delivery(row) if row else None

    async def due(self, webhook_id: int, now: float, limit: int) -> list[Delivery]:
        values = {"webhook_id": webhook_id, "now": now, "limit": limit}
        return [_delivery(row) for row in await self._connection.rows(sql.DELIVERIES_DUE, values)]

    async def next_at(self, webhook_id: int) -> float | None:
        row = await self._connection.row(sql.DELIVERIES_NEXT_AT, {"webhook_id": webhook_id})
        return float(row[0]) if row and row[0] is not None else None

    async def settle(self, outcome: Outcome) -> bool:
        is_over = outcome.state is not State.OPEN
        one = outcome.delivery
        values = {
            "delivery_id": one.id,
            "new_state": outcome.state.value,
            "new_attempt": outcome.attempt,
            "new_next_at": outcome.next_at,
            "new_status": outcome.status,
            "new_error": outcome.error,
            "new_ended_at": outcome.at if is_over else None,
        }
        if not await self._connection.run(sql.DELIVERIES_SETTLE, values):
            return False
        if is_over:
            following = {
                "webhook_id": one.webhook_id,
                "repository": one.repository,
                "waiting": WAITING,
                "at": outcome.at,
            }
            await self._connection.run(sql.DELIVERIES_PROMOTE, following)
        return True

    async def page(
        self, webhook_id: int, state: State | None, before: int | None, limit: int
    ) -> list[Delivery]:
        start = _NEWEST_ID if before is None else before
        values = {"webhook_id": webhook_id, "before": start, "limit": limit}
        match state:
            case None:
                statement = sql.DELIVERIES_PAGE
            case State.OPEN:
                statement = sql.DELIVERIES_PAGE_OPEN
            case State.DELIVERED:
                statement = sql.DELIVERIES_PAGE_DELIVERED
            case State.FAILED:
                statement = sql.DELIVERIES_PAGE_FAILED
        return [_delivery(row) for row in await self._connection.rows(statement, values)]

    async def count_open(self, webhook_id: int, most: int) -> int:
        values = {"webhook_id": webhook_id, "most": most}
        row = await self._connection.row(sql.DELIVERIES_COUNT_OPEN, values)
        return int(row[0]) if row else 0

    async def prune(self, before: float, limit: int) -> int:
        values = {"ended_before": before, "limit": limit}
        return await self._connection.run(sql.DELIVERIES_PRUNE, values)

    async def clear(self, webhook_id: int, limit: int) -> int:
        values = {"webhook_id": webhook_id, "limit": limit}
        return await self._connection.run(sql.DELIVERIES_CLEAR, values)


def _webhook(row: Row) -> Webhook:
    id_, project, name, enabled, document, sealed, reached, behind, removed, *rest = row
    return Webhook(
        id_,
        project,
        name,
        bool(enabled),
        document,
        sealed,
        reached,
        behind,
        bool(removed),
        *rest,
    )


def _delivery(row: Row) -> Delivery:
    id_, webhook_id, sequence, kind, repository, body, state, *rest = row
    return Delivery(id_, webhook_id, sequence, kind, repository, body, State(state), *rest)
