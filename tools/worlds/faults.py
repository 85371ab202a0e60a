"""Planted faults: worlds that no longer show them have gone blind."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

from entrepot.ports.catalog import Tx
from entrepot.rules import access
from entrepot.rules.access import Grant
from entrepot.services import (
    access_tokens,
    accounts,
    authority,
    founding,
    governing,
    grants,
    groups,
    projects,
    robots,
    roles,
    trusting,
)
from entrepot.services.context import Caller

from . import moves


async def _unchecked(*_: object) -> None:
    return


async def _nothing(*_: object) -> tuple[Grant, ...]:
    return ()


def _prefix(outer: str, inner: str) -> bool:
    return outer == "*" or inner.startswith(outer.rstrip("*"))


def _whole_project(outer: str, inner: str) -> bool:
    return outer == "*" or outer.partition("/")[0] == inner.partition("/")[0]


def _limits_ignored(
    holder: Iterable[Grant], wanted: Iterable[Grant], *, limits: tuple[Grant, ...] | None = None
) -> Any:
    del limits
    return access.lacking(holder, wanted)


def _not_narrowed(*_: object) -> str:
    return ""


async def _anybody_founds(tx: Tx, place: founding.Place, caller: Caller, now: float) -> None:
    await founding.enter_project(tx, place, replace(caller, creates=True), now)


async def _of_account_alone(tx: Tx, name: str) -> tuple[Grant, ...]:
    account = await tx.accounts.find(name)
    return (access.of_account(account.role),) if account else ()


def _planted(
    *places: tuple[ModuleType, str], by: object
) -> Callable[[], AbstractContextManager[None]]:
    @contextmanager
    def planted() -> Iterator[None]:
        before = [getattr(module, name) for module, name in places]
        for module, name in places:
            setattr(module, name, by)
        try:
            yield
        finally:
            for (module, name), value in zip(places, before, strict=True):
                setattr(module, name, value)

    return planted


FAULTS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "grant-unchecked": _planted((grants, "check_may_give"), by=_unchecked),
    "role-unchecked": _planted((roles, "check_may_give"), by=_unchecked),
    "robot-unchecked": _planted((robots, "check_may_give"), by=_unchecked),
    "robot-taken-over": _planted((robots, "check_holds_all"), by=_unchecked),
    "trust-unchecked": _planted((trusting, "check_may_give"), by=_unchecked),
    "group-entry-unchecked": _planted((groups, "_check_within"), by=_unchecked),
    "account-unchecked": _planted((accounts, "check_governs"), by=_unchecked),
    "account-by-role-alone": _planted((governing, "all_of_user"), by=_of_account_alone),
    "public-unchecked": _planted((projects, "check_may_give"), by=_unchecked),
    "founder-unchecked": _planted((moves, "enter_project"), by=_anybody_founds),
    "limits-ignored-in-giving": _planted((authority, "lacking"), by=_limits_ignored),
    "limits-ignored-in-deciding": _planted((access, "narrowing"), by=_not_narrowed),
    "token-unlimited": _planted((access_tokens, "_check_limits"), by=_unchecked),
    "pattern-as-prefix": _planted((access, "contains"), by=_prefix),
    "pattern-as-project": _planted((access, "contains"), by=_whole_project),
}
