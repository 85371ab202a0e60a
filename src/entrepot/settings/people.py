"""Settings of those who know people and machines: LDAP, OpenID Connect."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Ldap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """People and groups of an LDAP directory or Active Directory; see ldap.md."""

    url: Annotated[
        tuple[str, ...],
        Meta(
            description="Servers, `ldaps://HOST` or `ldap://HOST`; the next is asked where one is "
            "down. Empty: no directory."
        ),
    ] = ()
    start_tls: Annotated[
        bool, Meta(description="Encrypt connections to `ldap://` servers before anything is said.")
    ] = False
    ca: Annotated[
        str,
        Meta(description="PEM file of the authority of their certificates; the system's if empty."),
    ] = ""
    cleartext: Annotated[
        bool,
        Meta(description="Let passwords go over the network unencrypted: for tests, if at all."),
    ] = False
    bind_dn: Annotated[
        str,
        Meta(description="Who searches: a DN, or a name that Active Directory takes."),
    ] = ""
    bind_password: Annotated[str, Meta(description="The password of `bind_dn`.")] = ""
    bind_password_file: Annotated[
        str, Meta(description="A file with that password, instead; read at each use.")
    ] = ""
    bind_template: Annotated[
        str,
        Meta(
            description="Instead of a search, how a name makes who logs in: "
            "`uid={name},ou=people,dc=example,dc=com` or `{name}@corp.example.com`."
        ),
    ] = ""
    base: Annotated[str, Meta(description="DN below which people are searched.")] = ""
    scope: Annotated[str, Meta(description="How deep: `subtree`, or `one` level.")] = "subtree"
    filter: Annotated[
        str,
        Meta(description="Who is found by the name that was typed; `{name}` is put in escaped."),
    ] = "(uid={name})"
    name_attribute: Annotated[
        str, Meta(description="What people are called here, in lower case; `sAMAccountName` of AD.")
    ] = "uid"
    email_attribute: Annotated[str, Meta(description="Their address.")] = "mail"
    display_attribute: Annotated[str, Meta(description="Their full name.")] = "displayName"
    subject_attribute: Annotated[
        str,
        Meta(
            description="What stays when they are renamed; `entryUUID` or `objectGUID`, whichever "
            "there is, unless set."
        ),
    ] = ""
    groups: Annotated[
        str,
        Meta(
            description="Where groups come from: `member-of`, an attribute of people; `search`, by "
            "`group_filter`; `nested`, as only AD can, groups of groups too; `off`."
        ),
    ] = "member-of"
    group_base: Annotated[
        str, Meta(description="DN below which groups count; needed to search them.")
    ] = ""
    group_filter: Annotated[
        str, Meta(description="The groups of a person, by their `{dn}` or `{name}`.")
    ] = "(|(member={dn})(uniqueMember={dn})(memberUid={name}))"
    group_name_attribute: Annotated[str, Meta(description="What groups are called here.")] = "cn"
    admin_group: Annotated[
        str, Meta(description="Whose members are administrators: a group's name, or its DN.")
    ] = ""
    allowed_groups: Annotated[
        tuple[str, ...],
        Meta(description="Only their members may log in: names, or DNs. Empty: everybody."),
    ] = ()
    connect_seconds: Annotated[
        Annotated[float, Meta(ge=0.1, le=60)],
        Meta(description="How long one server may take to be connected to, and as long for TLS."),
    ] = 5.0
    answer_seconds: Annotated[
        Annotated[float, Meta(ge=0.1, le=60)],
        Meta(description="How long it may take for all answers that one login needs."),
    ] = 10.0
    connections: Annotated[
        Annotated[int, Meta(ge=1, le=64)],
        Meta(description="Logins that are asked about at once; others wait their turn."),
    ] = 8


class Oidc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """People of an OpenID Connect provider, who sign in with a browser; see oidc.md."""

    issuer: Annotated[
        str, Meta(description="The provider's `iss`, an `https://` URL. Empty: no provider.")
    ] = ""
    client_id: Annotated[str, Meta(description="What this registry is called there.")] = ""
    client_secret: Annotated[
        str, Meta(description="Its secret there; none for a public client.")
    ] = ""
    client_secret_file: Annotated[
        str, Meta(description="A file with that secret, instead; read at the start.")
    ] = ""
    client_auth: Annotated[
        str,
        Meta(
            description="How the secret is sent: `client_secret_basic`, `client_secret_post`, or "
            "what the provider can do if empty."
        ),
    ] = ""
    scopes: Annotated[tuple[str, ...], Meta(description="What is asked for, besides `openid`.")] = (
        "profile",
        "email",
    )
    name_claim: Annotated[
        str,
        Meta(
            description="The claim that is the user's name here: one that people cannot choose "
            "freely."
        ),
    ] = "preferred_username"
    display_claim: Annotated[str, Meta(description="The claim that is their full name.")] = "name"
    groups_claim: Annotated[
        str,
        Meta(
            description="The claim with their groups; `/realm_access/roles` is one within another. "
            "Empty: no groups."
        ),
    ] = "groups"
    admin_group: Annotated[str, Meta(description="The group whose members are administrators.")] = (
        ""
    )
    allowed_groups: Annotated[
        tuple[str, ...], Meta(description="Only their members may sign in. Empty: everybody.")
    ] = ()
    kept_groups: Annotated[
        str, Meta(description="A pattern of groups to keep, such as `registry-*`; all if empty.")
    ] = ""
    email_domains: Annotated[
        tuple[str, ...],
        Meta(description="Only those with a proved address there may sign in. Empty: everybody."),
    ] = ()
    email_proved: Annotated[
        bool,
        Meta(description="Whether addresses are proved though `email_verified` is not sent."),
    ] = False
    ca: Annotated[
        str, Meta(description="PEM file of the provider's authority; the system's if empty.")
    ] = ""


class Workloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How issuers of workloads' tokens are reached; rules are made with `entrepot workload`."""

    ca: Annotated[
        tuple[str, ...],
        Meta(
            description="`ISSUER=FILE`: PEM file of the authority of an issuer that is not the "
            "system's, such as a cluster's."
        ),
    ] = ()
    keys: Annotated[
        tuple[str, ...],
        Meta(
            description="`ISSUER=FILE`: JWK set of an issuer that cannot be reached from here; "
            "read again every few minutes."
        ),
    ] = ()
