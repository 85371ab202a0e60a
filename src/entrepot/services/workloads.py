"""Workloads that log in with the token of their issuer, and no stored secret."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from entrepot.oci.errors import Code, Fault
from entrepot.ports.catalog import Catalog
from entrepot.ports.clock import Clock
from entrepot.ports.federation import Claims, Issuers, TokenRefused
from entrepot.ports.identity import SourceFailed
from entrepot.ports.robots import WorkloadRow
from entrepot.rules.federation.claims import claimed_issuer, shown
from entrepot.rules.federation.documents import parse
from entrepot.rules.federation.workloads import Matched, WorkloadRule, match, subject_of

RULES_MAX = 256
"""Rules of one issuer that are looked at, by name."""


class Log(Protocol):
    """A structured logger, as far as it is needed here."""

    def info(self, event: str, **facts: Any) -> Any: ...
    def warning(self, event: str, **facts: Any) -> Any: ...


class WorkloadService:
    """Says by which rule a workload is let in, and under which name it then goes."""

    def __init__(self, catalog: Catalog, issuers: Issuers, clock: Clock, log: Log) -> None:
        self._catalog = catalog
        self._issuers = issuers
        self._clock = clock
        self._log = log

    async def verify(self, token: str) -> str:
        """Return `workload:RULE:SUBJECT`, by the first rule by name that lets the token in.

        `Fault(UNAUTHORIZED)` says why there is none, and `Fault(UNAVAILABLE)` that the issuer
        cannot be asked. Whoever shows a token may be anybody: which rules there are, and what
        they want, is told to the log alone.
        """
        issuer = claimed_issuer(token)
        rules = await self._rules(issuer) if issuer else []
        if not rules:
            raise _unauthorized(
                f"no rule trusts tokens of '{shown(issuer)}': send a token of GitHub Actions, "
                "GitLab CI, Kubernetes or another issuer that an administrator made a rule for"
            )
        claims = await self._claims(token, issuer, rules)
        matched = match(rules, claims)
        if not matched.rules:
            self._tell(issuer, claims, matched)
            raise _unauthorized(
                f"the token of '{shown(claims.get('sub'))}' is good, but no rule lets it in: ask "
                "an administrator, who finds the reasons in the server's log"
            )
        return subject_of(matched.rules[0], claims)

    async def explain(self, token: str) -> tuple[Claims, Matched]:
        """Return the claims of a token, and what each rule of its issuer makes of them.

        For administrators, as it tells what rules want. Raises as `verify`.
        """
        issuer = claimed_issuer(token)
        rules = await self._rules(issuer) if issuer else []
        if not rules:
            raise Fault(
                Code.NOT_FOUND,
                f"no rule is about tokens of '{shown(issuer)}': make one, or send a whole token",
            )
        try:
            claims = await self._claims(token, issuer, rules)
        except Fault as fault:
            if fault.code is not Code.UNAUTHORIZED:
                raise
            # Who asks is logged in: it is the token that proves nothing.
            raise Fault(Code.REQUEST_INVALID, fault.message, fault.detail) from fault
        return claims, match(rules, claims)

    async def test(self, rule: WorkloadRule, token: str) -> Matched:
        """Return what one rule, which need not be kept, makes of a token: for administrators.

        Raises as `verify`.
        """
        return match([rule], await self._claims(token, rule.issuer, [rule]))

    async def _rules(self, issuer: str) -> list[WorkloadRule]:
        async with self._catalog.begin() as tx:
            rows = await tx.workloads.by_issuer(issuer, RULES_MAX)
        return [rule for row in rows if (rule := self._read(row)) is not None]

    def _read(self, row: WorkloadRow) -> WorkloadRule | None:
        try:
            return parse(row.name, msgspec.json.decode(row.document))[0]
        except (Fault, msgspec.DecodeError) as error:
            # Rules may become stricter from one release to the next; the others go on.
            self._log.warning("workload rule unusable", rule=row.name, reason=str(error))
            return None

    async def _claims(self, token: str, issuer: str, rules: Sequence[WorkloadRule]) -> Claims:
        audiences = sorted({rule.audience for rule in rules})
        try:
            return await self._issuers.verify(
                token, issuer=issuer, audiences=audiences, now=self._clock.now()
            )
        except TokenRefused as error:
            raise _unauthorized(error.message, error.refusal.value) from None
        except SourceFailed as error:
            self._log.warning("issuer unavailable", issuer=issuer, reason=str(error))
            raise Fault(
                Code.UNAVAILABLE,
                f"{issuer} cannot be asked for its keys now: try again; the server's log says why",
            ) from error

    def _tell(self, issuer: str, claims: Claims, matched: Matched) -> None:
        self._log.info(
            "workload refused",
            issuer=issuer,
            subject=shown(claims.get("sub")),
            reasons={miss.rule: miss.reason for miss in matched.misses[:16]},
        )


def _unauthorized(message: str, reason: str = "") -> Fault:
    return Fault(Code.UNAUTHORIZED, message, {"reason": reason} if reason else None)
