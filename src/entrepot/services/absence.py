"""Why somebody who could be known is nobody now."""

from entrepot.ports.catalog import Tx
from entrepot.rules.access import Kind


async def why_absent(tx: Tx, kind: Kind, who: str, now: float) -> str:
    """Return why somebody has no standing (`StandingService`), with what to do.

    Only for those who proved who they are, or may ask about them.
    """
    if kind is Kind.WORKLOAD:
        return "is trusted by no rule: name it as workload:RULE:SUBJECT, and look at the rules"
    if kind is Kind.ROBOT:
        robot = await tx.robots.find(who)
        if robot is None:
            return "does not exist: check the name (entrepot robot list)"
        if robot.expires_at is not None and robot.expires_at <= now:
            return "has expired: let whoever runs it give it a later end, or make a new one"
        if not robot.enabled:
            return "is switched off: ask whoever runs it to switch it on again"
        return "was changed meanwhile: log in again"
    profile = await tx.profiles.find(who)
    if profile is not None and not profile.enabled:
        return "is switched off: ask an administrator to switch the account on again"
    return (
        "has no account here: check the name (entrepot user list); who comes by a directory or "
        "single sign-on has one after the first login"
    )
