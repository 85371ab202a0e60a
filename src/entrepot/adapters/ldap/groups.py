"""Which groups somebody is in, and what that makes of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from entrepot.ports.identity import SourceFailed
from entrepot.settings import Ldap

from .entries import MEMBER_OF, TEXT_MAX, Entry, name_of, shown
from .names import filled, is_below, is_dn, own_value, parsed
from .session import Session

GROUPS_MAX = 1000
"""Most groups of a person; Active Directory itself ends at 1015 with a login token."""
# LDAP_MATCHING_RULE_IN_CHAIN: groups of groups, found by the server.
NESTED = "(&(objectClass=group)(member:1.2.840.113556.1.4.1941:={dn}))"
EVERY = "(objectClass=*)"


@dataclass(frozen=True, slots=True)
class Group:
    """A group, as the directory writes it."""

    name: str
    dn: str


def groups_of(session: Session, entry: Entry, ldap: Ldap) -> tuple[Group, ...]:
    """Return a person's groups. Raises `SourceFailed` for more than `GROUPS_MAX`."""
    if ldap.groups == "off":
        return ()
    if ldap.groups == "member-of":
        found = [_named(session, dn, ldap) for dn in _member_of(entry, ldap)]
    else:
        found = _searched(session, entry, ldap)
    return tuple(group for group in found if group is not None)


def names(groups: Iterable[Group]) -> tuple[str, ...]:
    """Return the groups' names, each once, sorted."""
    return tuple(sorted({group.name for group in groups}))


def is_in(groups: Iterable[Group], wanted: str) -> bool:
    """Whether one of the groups is the one that a setting names: by DN, or by name."""
    if is_dn(wanted):
        dn = parsed(wanted)
        return any(parsed(group.dn) == dn for group in groups)
    return any(group.name.casefold() == wanted.casefold() for group in groups)


def _member_of(entry: Entry, ldap: Ldap) -> list[str]:
    # `memberOf;range=0-1499`: more than the server likes to send ([MS-ADTS] 3.1.1.3.1.3.3).
    if any(name.startswith(f"{MEMBER_OF.lower()};") for name in entry.attributes):
        raise _too_many(entry)
    dns = [raw.decode(errors="replace") for raw in entry.raw(MEMBER_OF)]
    below = [dn for dn in dns if not ldap.group_base or is_below(dn, ldap.group_base)]
    if len(below) > GROUPS_MAX:
        raise _too_many(entry)
    return below


def _named(session: Session, dn: str, ldap: Ldap) -> Group | None:
    """Return the group of a DN; its entry is only read if the DN does not hold its name."""
    name = own_value(dn, ldap.group_name_attribute)
    if name is not None:
        return _usable(name, dn)
    try:
        found = session.search(
            dn, EVERY, scope="base", attributes=[ldap.group_name_attribute], limit=1
        )
    except SourceFailed:
        return None  # another domain's, or not to be read: a group less, not a person less
    return _group(found[0], ldap) if found else None


def _searched(session: Session, entry: Entry, ldap: Ldap) -> list[Group | None]:
    text = NESTED if ldap.groups == "nested" else ldap.group_filter
    found = session.search(
        ldap.group_base,
        filled(text, name=name_of(entry, ldap), dn=entry.dn),
        scope="subtree",
        attributes=[ldap.group_name_attribute],
        limit=GROUPS_MAX,
    )
    if len(found) > GROUPS_MAX:
        raise _too_many(entry)
    return [_group(one, ldap) for one in found]


def _group(entry: Entry, ldap: Ldap) -> Group | None:
    values = entry.texts(ldap.group_name_attribute)
    own = own_value(entry.dn, ldap.group_name_attribute)
    name = own if own in values else next(iter(values), "")
    return _usable(name or "", entry.dn)


def _usable(name: str, dn: str) -> Group | None:
    return Group(name, dn) if name.isprintable() and 0 < len(name) <= TEXT_MAX else None


def _too_many(entry: Entry) -> SourceFailed:
    return SourceFailed(
        f"LDAP: {shown(entry.dn)} is in more than {GROUPS_MAX} groups: narrow them with "
        "ldap.group_base or, where ldap.groups is search, with ldap.group_filter"
    )
