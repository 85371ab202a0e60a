"""The questions of a login and of a look-up, asked on one connection."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from entrepot.ports.identity import Person, SourceFailed
from entrepot.settings import Ldap

from .entries import Entry, shown, to_person, wanted
from .groups import groups_of, is_in, names
from .names import bind_name, filled, is_dn
from .session import Session

NOBODY = "cn=nobody whom entrepot knows"
SECRET_MAX_BYTES = 4096

Report = Callable[[str], object]


def log_in(
    session: Session, ldap: Ldap, *, name: str, password: str, report: Report
) -> Person | None:
    """Return who a name and a password are, or None."""
    if ldap.bind_template:
        entry = _bound_directly(session, ldap, name, password, report)
    else:
        entry = _found_and_bound(session, ldap, name, password, report)
    if entry is None:
        return None
    return _admitted(session, ldap, entry, report)


def look_up(session: Session, ldap: Ldap, *, name: str, report: Report) -> Person | None:
    """Return whom a name finds, or None. Raises `SourceFailed` where nobody may search."""
    if ldap.bind_template and not ldap.bind_dn:
        raise SourceFailed(
            "LDAP: with ldap.bind_template only those who log in can be looked up: set "
            "ldap.bind_dn and ldap.bind_password to keep groups in step"
        )
    bind_searcher(session, ldap)
    entry = _find(session, ldap, name)
    return None if entry is None else _admitted(session, ldap, entry, report)


def bind_searcher(session: Session, ldap: Ldap) -> None:
    """Bind as `ldap.bind_dn`, or as nobody."""
    if not ldap.bind_dn:
        session.bind_nobody()
        return
    refused = session.bind(ldap.bind_dn, _secret(ldap))
    if refused is not None:
        raise SourceFailed(
            f"LDAP: the directory refuses {shown(ldap.bind_dn)} ({refused}): look at ldap.bind_dn "
            "and ldap.bind_password"
        )


def _found_and_bound(
    session: Session, ldap: Ldap, name: str, password: str, report: Report
) -> Entry | None:
    bind_searcher(session, ldap)
    entry = _find(session, ldap, name)
    if entry is None:
        _take_as_long(session, ldap, password)
        return None
    refused = session.bind(entry.dn, password)
    if refused is not None:
        report(f"LDAP: {name} may not log in: {refused}")
        return None
    # Groups are read by who may read them.
    bind_searcher(session, ldap)
    return entry


def _bound_directly(
    session: Session, ldap: Ldap, name: str, password: str, report: Report
) -> Entry | None:
    who = bind_name(ldap.bind_template, name)
    refused = session.bind(who, password)
    if refused is not None:
        report(f"LDAP: {name} may not log in: {refused}")
        return None
    if ldap.bind_dn:
        bind_searcher(session, ldap)
    if is_dn(who):
        entry = _one(session, ldap, name, base=who, scope="base")
    else:
        entry = _find(session, ldap, name)
    if entry is None:
        raise SourceFailed(
            f"LDAP: {shown(who)} has the right password, but ldap.filter finds no entry: look at "
            "ldap.filter and ldap.base, and let them, or ldap.bind_dn, read it"
        )
    if not is_dn(who) and session.bind(entry.dn, password) is not None:
        # The filter looks at another attribute than the bind did, and found somebody else.
        raise SourceFailed(
            f"LDAP: ldap.filter finds {shown(entry.dn)} for {shown(name)}, who is not "
            f"{shown(who)}: let it look at the attribute that ldap.bind_template is made of"
        )
    if ldap.bind_dn:
        bind_searcher(session, ldap)
    return entry


def _take_as_long(session: Session, ldap: Ldap, password: str) -> None:
    """Bind in vain: who is in the directory must not be told from the time of an answer."""
    with contextlib.suppress(SourceFailed):
        session.bind(f"{NOBODY},{ldap.base}", password)


def _find(session: Session, ldap: Ldap, name: str) -> Entry | None:
    return _one(session, ldap, name, base=ldap.base, scope=ldap.scope)


def _one(session: Session, ldap: Ldap, name: str, *, base: str, scope: str) -> Entry | None:
    text = filled(ldap.filter, name=name)
    found = session.search(base, text, scope=scope, attributes=wanted(ldap), limit=1)
    if len(found) > 1:
        raise SourceFailed(
            f"LDAP: {shown(name)} is more than one person ({shown(found[0].dn)}, "
            f"{shown(found[1].dn)}), so that nobody gets in by that name: narrow ldap.base or "
            "ldap.filter"
        )
    if found and not found[0].dn:
        raise SourceFailed("LDAP: an entry without a DN is nobody's: look at ldap.base")
    return found[0] if found else None


def _admitted(session: Session, ldap: Ldap, entry: Entry, report: Report) -> Person | None:
    groups = groups_of(session, entry, ldap)
    is_admin = bool(ldap.admin_group) and is_in(groups, ldap.admin_group)
    person = to_person(entry, ldap, groups=names(groups), is_admin=is_admin)
    if ldap.allowed_groups and not any(is_in(groups, each) for each in ldap.allowed_groups):
        report(f"LDAP: {person.name} may not log in: they are in none of ldap.allowed_groups")
        return None
    return person


def _secret(ldap: Ldap) -> str:
    if not ldap.bind_password_file:
        return ldap.bind_password
    path = Path(ldap.bind_password_file)
    try:
        with path.open("rb") as stream:
            data = stream.read(SECRET_MAX_BYTES + 1)
        text = data.decode().rstrip("\r\n")
    except OSError as error:
        raise SourceFailed(f"LDAP: ldap.bind_password_file: {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        # Without what it was raised from, which holds the text.
        raise SourceFailed(f"LDAP: ldap.bind_password_file: {path} is not UTF-8") from None
    if not text or len(data) > SECRET_MAX_BYTES:
        raise SourceFailed(
            f"LDAP: ldap.bind_password_file: {path} must hold a password, of up to "
            f"{SECRET_MAX_BYTES} bytes"
        )
    return text
