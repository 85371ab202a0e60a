"""What a directory has of somebody, and the `Person` that is made of it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.ports.identity import Person, Source, SourceFailed
from entrepot.rules.passwords import check_name
from entrepot.settings import Ldap

from .names import own_value

SUBJECTS = ("entryUUID", "objectGUID")
BINARY_GUIDS = ("objectguid",)
"""Sixteen bytes, the first three numbers of which are little-endian ([MS-DTYP] 2.3.4.2)."""
MEMBER_OF = "memberOf"
TEXT_MAX = 255


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; the attributes' names are in lower case."""

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]]

    def texts(self, attribute: str) -> tuple[str, ...]:
        """Return the values that are printable text, sorted: directories have no order."""
        found = (value.decode(errors="surrogateescape") for value in self.raw(attribute))
        # What is no UTF-8 is not printable either.
        return tuple(sorted(text for text in found if text and text.isprintable()))

    def text(self, attribute: str) -> str:
        """Return the first value, shortened to `TEXT_MAX`, or nothing."""
        texts = self.texts(attribute) if attribute else ()
        return texts[0][:TEXT_MAX] if texts else ""

    def raw(self, attribute: str) -> tuple[bytes, ...]:
        return self.attributes.get(attribute.lower(), ())


def wanted(ldap: Ldap) -> list[str]:
    """Return the attributes to ask for: operational ones come only if they are named."""
    named = (
        ldap.name_attribute,
        ldap.email_attribute,
        ldap.display_attribute,
        *([ldap.subject_attribute] if ldap.subject_attribute else SUBJECTS),
        *([MEMBER_OF] * (ldap.groups == "member-of")),
    )
    return [*dict.fromkeys(name for name in named if name)]


def to_person(
    entry: Entry, ldap: Ldap, *, groups: tuple[str, ...] = (), is_admin: bool = False
) -> Person:
    """Return who an entry is. Raises `SourceFailed` for one who can have no name here."""
    return Person(
        name=name_of(entry, ldap).lower(),
        source=Source.LDAP,
        subject=subject_of(entry, ldap),
        email=entry.text(ldap.email_attribute),
        display_name=entry.text(ldap.display_attribute),
        groups=groups,
        is_admin=is_admin,
    )


def name_of(entry: Entry, ldap: Ldap) -> str:
    """Return a person's one name, as the directory writes it. Raises `SourceFailed`.

    Of several values the one in the DN counts: whatever somebody typed, they are one person.
    """
    names = entry.texts(ldap.name_attribute)
    own = own_value(entry.dn, ldap.name_attribute)
    name = own if own in names else next(iter(names), "")
    if not name:
        raise SourceFailed(
            f"LDAP: {shown(entry.dn)} has no attribute {ldap.name_attribute} that is text: set "
            "ldap.name_attribute to one that people have, or let ldap.bind_dn read it"
        )
    if check_name(name) is not None:
        raise SourceFailed(
            f"LDAP: {shown(name)} cannot be a name here (64 letters of ASCII, digits, . _ @ or -): "
            "set ldap.name_attribute to another attribute"
        )
    return name


def subject_of(entry: Entry, ldap: Ldap) -> str:
    """Return what stays when a person is renamed. Raises `SourceFailed`."""
    for attribute in [ldap.subject_attribute] if ldap.subject_attribute else SUBJECTS:
        values = entry.raw(attribute)
        if len(values) == 1 and values[0]:
            return _identifier(attribute, values[0])
    if ldap.subject_attribute:
        raise SourceFailed(
            f"LDAP: {shown(entry.dn)} has not one {ldap.subject_attribute}: set "
            "ldap.subject_attribute to an attribute that everybody has once, or let ldap.bind_dn "
            "read it"
        )
    return entry.dn


def _identifier(attribute: str, value: bytes) -> str:
    if attribute.lower() in BINARY_GUIDS and len(value) == 16:
        return str(uuid.UUID(bytes_le=value))
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return text if text.isprintable() else value.hex()


def shown(text: str) -> str:
    """Return a text of the directory as it may stand in a message: one short line."""
    return repr(text[:200])
