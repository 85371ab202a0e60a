"""Logins and look-ups against a real slapd."""

import socket
import uuid
from pathlib import Path

import pytest

from entrepot.adapters.ldap import LdapDirectory
from entrepot.ports.identity import Directory, Source, SourceFailed
from tests.adapters.ldap.conftest import Open, Reports
from tests.adapters.ldap.slapd import GROUPS, PASSWORD, PEOPLE, SUFFIX, Slapd

pytestmark = pytest.mark.blackbox


async def test_a_person_with_the_right_password(directory: Open) -> None:
    opened: Directory = directory()
    person = await opened.authenticate("alice", PASSWORD)
    assert person is not None
    assert (person.name, person.source) == ("alice", Source.LDAP)
    assert (person.email, person.display_name) == ("alice@example.com", "Alice Ä. Example")
    assert person.groups == ("admins", "builders")
    assert not person.is_admin
    assert str(uuid.UUID(person.subject)) == person.subject


async def test_a_wrong_password_is_nobody_and_told_of(directory: Open, reports: Reports) -> None:
    assert await directory().authenticate("alice", "close sesame") is None
    assert reports.lines == ["LDAP: alice may not log in: invalidCredentials"]


async def test_nobody_of_that_name(directory: Open, reports: Reports) -> None:
    assert await directory().authenticate("mallory", PASSWORD) is None
    assert await directory().look_up("mallory") is None
    assert reports.lines == []


@pytest.mark.parametrize("password", ["", "\0", "\0" + PASSWORD, PASSWORD + "\0", "x" * 1025])
@pytest.mark.parametrize(
    "changes", [{}, {"bind_template": f"uid={{name}},{PEOPLE}"}], ids=["search", "direct"]
)
async def test_a_password_that_binds_nobody_gets_nobody_in(
    directory: Open, slapd: Slapd, password: str, changes: dict[str, str]
) -> None:
    assert await directory(**changes).authenticate("alice", password) is None


@pytest.mark.parametrize("password", ["\u00ad", "\u200b\u2060", "\ufe0f"])
async def test_a_password_that_saslprep_makes_empty(directory: Open, password: str) -> None:
    assert await directory().authenticate("alice", password) is None


def test_this_server_would_take_an_empty_password(slapd: Slapd) -> None:
    """The tests above would show nothing if it did not."""
    dn = f"uid=alice,{PEOPLE}".encode()
    bind = b"\x02\x01\x03\x04" + bytes([len(dn)]) + dn + b"\x80\x00"
    message = b"\x02\x01\x01\x60" + bytes([len(bind)]) + bind
    with socket.create_connection(("127.0.0.1", slapd.plain), timeout=5) as client:
        client.sendall(b"\x30" + bytes([len(message)]) + message)
        assert b"\x0a\x01\x00" in client.recv(100)  # resultCode: success


ATTACKS = [
    "*",
    "a*",
    "alice*",
    "*)(uid=*))(|(uid=*",
    "alice)(uid=alice",
    "alice)(|(uid=*)",
    "alice\0",
    "alice\\00",
    "\\61lice",
    "alice,ou=people",
    f"alice,{PEOPLE}",
    "alice+cn=alice",
    "#616c696365",
    '"alice"',
    "alice;x",
    " alice",
    "alice ",
    "a\uff4cice",
    "{dn}",
    "{name}",
    "",
    "(",
    ")",
    "a" * 65,
]


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize(
    "changes", [{}, {"bind_template": f"uid={{name}},{PEOPLE}"}], ids=["search", "direct"]
)
async def test_ldap_injection_is_refused(
    directory: Open, name: str, changes: dict[str, str]
) -> None:
    opened = directory(**changes)
    assert await opened.authenticate(name, PASSWORD) is None


async def test_case_is_the_directorys_business_and_a_name_is_one(directory: Open) -> None:
    opened = directory()
    one, other = [await opened.authenticate(name, PASSWORD) for name in ("ALICE", "alice")]
    assert one == other is not None


async def test_login_by_address(directory: Open) -> None:
    opened = directory(filter="(|(uid={name})(mail={name}))")
    person = await opened.authenticate("alice@example.com", PASSWORD)
    assert person is not None
    assert person.name == "alice"


async def test_two_entries_for_one_name_are_nobody(directory: Open, slapd: Slapd) -> None:
    dns = [
        slapd.person_at(f"cn={cn},{PEOPLE}", "twin", password)
        for cn, password in (("one", PASSWORD), ("two", "other"), ("three", "third"))
    ]
    try:
        for opened in (directory(), directory(base=SUFFIX)):
            with pytest.raises(SourceFailed, match=r"'twin' is more than one person .*: narrow"):
                await opened.authenticate("twin", PASSWORD)
            with pytest.raises(SourceFailed, match="more than one person"):
                await opened.look_up("twin")
    finally:
        slapd.delete(*dns)


async def test_look_up_needs_no_password_and_sees_what_changed(
    directory: Open, slapd: Slapd
) -> None:
    dn = slapd.person("dora")
    opened = directory()
    before = await opened.look_up("dora")
    assert before is not None
    assert before.groups == ()
    group = slapd.group("movers", dn)
    after = await opened.look_up("dora")
    assert after is not None
    assert (after.subject, after.groups) == (before.subject, ("movers",))
    slapd.delete(group, dn)
    assert await opened.look_up("dora") is None


async def test_direct_bind_without_a_searcher(directory: Open) -> None:
    opened = directory(bind_template=f"uid={{name}},{PEOPLE}", bind_dn="", bind_password="")
    person = await opened.authenticate("alice", PASSWORD)
    assert person is not None
    assert person.groups == ("admins", "builders")
    assert await opened.authenticate("alice", "wrong") is None
    assert await opened.authenticate("mallory", "wrong") is None
    with pytest.raises(SourceFailed, match=r"set ldap.bind_dn"):
        await opened.look_up("alice")
    await opened.check()


async def test_direct_bind_reads_groups_as_the_searcher(directory: Open) -> None:
    opened = directory(bind_template=f"uid={{name}},{PEOPLE}", groups="search")
    person = await opened.authenticate("bob", "of bob")
    assert person is not None
    assert person.groups == ("builders",)
    assert await opened.look_up("bob") == person


async def test_direct_bind_of_somebody_whom_the_filter_leaves_out(directory: Open) -> None:
    opened = directory(bind_template=f"uid={{name}},{PEOPLE}", filter="(&(uid={name})(mail=*))")
    with pytest.raises(SourceFailed, match=r"has the right password, but ldap.filter"):
        await opened.authenticate("bob", "of bob")


async def test_what_active_directory_calls_people(directory: Open, slapd: Slapd) -> None:
    guid = uuid.UUID("3f2504e0-4f89-11d3-9a0c-0305e82c3301")
    dn = slapd.person_at(
        f'cn=Erin \\"E\\" (Ops)\\, Inc.,{PEOPLE}',
        "unused",
        extra=["likeActiveDirectory"],
        cn='Erin "E" (Ops), Inc.',
        sAMAccountName="Erin.Ops",
        objectGUID=guid.bytes_le,
    )
    group = slapd.group("Ops \\+ Friends", dn)
    changes = {
        "filter": "(sAMAccountName={name})",
        "name_attribute": "sAMAccountName",
        "subject_attribute": "objectGUID",
    }
    try:
        for groups in ("member-of", "search"):
            person = await directory(groups=groups, **changes).authenticate("erin.ops", PASSWORD)
            assert person is not None
            assert (person.name, person.subject) == ("erin.ops", str(guid))
            assert person.groups == ("Ops + Friends",)
    finally:
        slapd.delete(group, dn)


async def test_a_name_that_cannot_be_one_here(directory: Open, slapd: Slapd) -> None:
    with pytest.raises(SourceFailed, match=r"cannot be a name here .*: set ldap.name_attribute"):
        await directory(name_attribute="displayName").authenticate("alice", PASSWORD)
    with pytest.raises(SourceFailed, match=r"has no attribute mail .*: set ldap.name_attribute"):
        await directory(name_attribute="mail").authenticate("bob", "of bob")
    with pytest.raises(SourceFailed, match=r"has not one mail: set ldap.subject_attribute"):
        await directory(subject_attribute="mail").authenticate("bob", "of bob")


async def test_groups_by_search_of_all_kinds(directory: Open, slapd: Slapd) -> None:
    dn = f"uid=carol,{PEOPLE}"
    made = [f"cn=posix,{GROUPS}", f"cn=unique,{GROUPS}", slapd.group("plain", dn)]
    slapd.add(made[0], ["posixGroup"], cn="posix", gidNumber=7, memberUid="carol")
    slapd.add(made[1], ["groupOfUniqueNames"], cn="unique", uniqueMember=dn)
    try:
        person = await directory(groups="search").authenticate("carol", PASSWORD)
        assert person is not None
        assert person.groups == ("plain", "posix", "unique")
        person = await directory(
            groups="search", group_filter="(&(objectClass=posixGroup)(memberUid={name}))"
        ).look_up("carol")
        assert person is not None
        assert person.groups == ("posix",)
        person = await directory(groups="member-of").look_up("carol")
        assert person is not None
        assert person.groups == ("plain",)
        person = await directory(groups="off").look_up("carol")
        assert person is not None
        assert person.groups == ()
    finally:
        slapd.delete(*made)


async def test_only_groups_below_the_base_count(directory: Open, slapd: Slapd) -> None:
    own = f"cn=admins,uid=bob,{PEOPLE}"
    slapd.add(own, ["groupOfNames"], cn="admins", member=f"uid=bob,{PEOPLE}")
    try:
        for groups in ("member-of", "search"):
            opened = directory(groups=groups, admin_group="admins")
            person = await opened.authenticate("bob", "of bob")
            assert person is not None
            assert (person.groups, person.is_admin) == (("builders",), False)
    finally:
        slapd.delete(own)


async def test_groups_named_by_another_attribute(directory: Open, slapd: Slapd) -> None:
    dn = f"cn=g-17,{GROUPS}"
    slapd.add(dn, ["groupOfNames"], cn="g-17", ou="Deep Sea", member=f"uid=carol,{PEOPLE}")
    try:
        for groups in ("member-of", "search"):
            opened = directory(groups=groups, group_name_attribute="ou")
            person = await opened.authenticate("carol", PASSWORD)
            assert person is not None
            assert person.groups == ("Deep Sea",)
    finally:
        slapd.delete(dn)


async def test_a_group_that_cannot_be_read_is_left_out(directory: Open, slapd: Slapd) -> None:
    """As are those of other domains, for whose names another server would have to be asked."""
    hidden = slapd.group("hidden", f"uid=carol,{PEOPLE}")
    try:
        opened = directory(group_name_attribute="ou")
        person = await opened.authenticate("carol", PASSWORD)
        assert person is not None
        assert person.groups == ()
    finally:
        slapd.delete(hidden)


@pytest.mark.parametrize("admins", ["admins", "ADMINS", f"CN=Admins, {GROUPS}"])
async def test_the_admin_group(directory: Open, admins: str) -> None:
    opened = directory(admin_group=admins)
    alice, bob = await opened.look_up("alice"), await opened.look_up("bob")
    assert alice is not None
    assert bob is not None
    assert (alice.is_admin, bob.is_admin) == (True, False)


@pytest.mark.parametrize("allowed", [("admins",), ("none", f"cn=admins,{GROUPS}")])
async def test_allowed_groups(directory: Open, reports: Reports, allowed: tuple[str, ...]) -> None:
    opened = directory(allowed_groups=allowed)
    assert await opened.authenticate("alice", PASSWORD) is not None
    assert await opened.authenticate("bob", "of bob") is None
    assert await opened.look_up("bob") is None
    assert "bob may not log in: they are in none of ldap.allowed_groups" in reports.lines[0]


async def test_nested_groups_are_asked_of_the_server(directory: Open) -> None:
    """Which slapd does not know how to answer, so it finds none."""
    opened = directory(groups="nested", allowed_groups=("admins",))
    assert await opened.authenticate("alice", PASSWORD) is None


async def test_one_level_is_not_the_whole_tree(directory: Open) -> None:
    assert await directory(base=SUFFIX).look_up("alice") is not None
    assert await directory(base=SUFFIX, scope="one").look_up("alice") is None


async def test_the_searchers_own_password(directory: Open, reports: Reports, slapd: Slapd) -> None:
    opened = directory(bind_password="not-it-9f31")
    for asking in (opened.authenticate("alice", PASSWORD), opened.look_up("alice"), opened.check()):
        with pytest.raises(SourceFailed, match=r"look at ldap.bind_dn") as raised:
            await asking
        assert "not-it-9f31" not in repr(raised.value) + str(raised.value)
    assert reports.lines == []


async def test_a_base_that_is_not_there(directory: Open) -> None:
    with pytest.raises(SourceFailed, match=r"noSuchObject.*look at ldap.base"):
        await directory(base="dc=nowhere").authenticate("alice", PASSWORD)


async def test_a_directory_that_wants_a_bind(directory: Open) -> None:
    opened = directory(bind_dn="", bind_password="")
    with pytest.raises(SourceFailed, match=r"insufficientAccessRights.*: let ldap.bind_dn read"):
        await opened.authenticate("alice", PASSWORD)


async def test_no_password_gets_into_logs_or_exceptions(
    directory: Open, reports: Reports, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canary-8c1f0e"
    texts: list[str] = []
    for changes in (
        {},
        {"base": "dc=nowhere"},
        {"bind_password": canary},
        {"connect_seconds": 0.0},
    ):
        opened: LdapDirectory = directory(**changes)
        try:
            await opened.authenticate("alice", canary)
        except SourceFailed as error:
            seen: BaseException | None = error
            while seen is not None:
                texts += [str(seen), repr(seen), repr(seen.args)]
                seen = seen.__cause__ or seen.__context__
    assert len(texts) >= 6
    assert canary not in "".join([*texts, *reports.lines, caplog.text])


async def test_the_password_file(directory: Open, tmp_path: object) -> None:

    path = Path(str(tmp_path)) / "secret"
    opened = directory(bind_password="", bind_password_file=str(path))
    with pytest.raises(SourceFailed, match=r"bind_password_file: .*secret: No such file"):
        await opened.check()
    path.write_text("of-the-searcher\n")
    await opened.check()
    path.write_text("\n")
    with pytest.raises(SourceFailed, match="must hold a password"):
        await opened.check()
