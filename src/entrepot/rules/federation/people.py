"""Somebody here, made of the claims of an OIDC provider; or why not."""

from dataclasses import dataclass

from entrepot.oci.errors import Code, Fault
from entrepot.rules.passwords import check_name
from entrepot.rules.selectors import matches

from .claims import Claims, claim, shown, texts

GROUPS_MAX = 200
"""Most groups of one person that are kept: they are written in one go, at each login."""
GROUP_NAME_MAX = 255
SUBJECT_MAX = 255
"""Most characters of `sub` (OIDC Core, section 2)."""
_ANSWER_MAX = 256


@dataclass(frozen=True, slots=True)
class Described:
    """A person as their provider describes them; `subject` never changes."""

    name: str
    subject: str
    email: str
    display_name: str
    groups: tuple[str, ...]
    is_admin: bool


@dataclass(frozen=True, slots=True)
class OidcRules:
    """How claims are read, and who may log in.

    Each claim is a name or a JSON pointer, see `claims.claim`. `allowed_groups` and
    `email_domains` let in whom they name; empty, they let in everybody whom the provider lets in.
    """

    name_claim: str = "preferred_username"
    display_claim: str = "name"
    groups_claim: str = "groups"
    admin_group: str = ""
    allowed_groups: tuple[str, ...] = ()
    email_domains: tuple[str, ...] = ()
    kept_groups: str = ""
    """A pattern as of `rules.selectors`: groups to keep; empty keeps all."""
    is_email_proved: bool = False
    """Whether the provider proves each address, though it sends no `email_verified`."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The claims that should be there; where the ID token lacks one, userinfo is asked."""
        found = [self.name_claim, self.display_claim]
        found += [self.groups_claim] if self.groups_claim else []
        found += ["email", "email_verified"] if self._needs_email else []
        return tuple(dict.fromkeys(found))

    @property
    def _needs_email(self) -> bool:
        return bool(self.email_domains) or self.name_claim == "email"

    def describe(self, claims: Claims) -> Described:
        """Return who it is.

        `Fault(DENIED)` says what is missing, or why they may not in: claims are not to blame on
        who logs in, so each message is one that they can hand to their administrator.
        """
        subject = claim(claims, "sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MAX:
            raise _denied("the identity provider sends no 'sub'", "it is no OIDC provider")
        email = self._email(claims)
        self._check_domain(email)
        groups = self._groups(claims)
        self._check_groups(groups)
        kept = tuple(one for one in groups if matches(self.kept_groups, one))
        if len(kept) > GROUPS_MAX:
            raise _denied(
                f"the identity provider names {len(kept)} groups of yours, and {GROUPS_MAX} can be "
                "kept",
                "set the pattern of groups to keep, or have the provider send only those of "
                "this registry",
            )
        names = texts(claim(claims, self.display_claim))
        return Described(
            name=self._name(claims, email),
            subject=f"{claim(claims, 'iss')} {subject}",
            email=email,
            display_name=shown(names[0]) if names else "",
            groups=kept,
            is_admin=bool(self.admin_group) and self.admin_group in groups,
        )

    def _name(self, claims: Claims, email: str) -> str:
        name = email if self.name_claim == "email" else claim(claims, self.name_claim)
        if not isinstance(name, str) or not name:
            raise _denied(
                f"the identity provider sends no claim '{self.name_claim}', which is to be "
                "the user's name" + (", or no proof of it" if self.name_claim == "email" else ""),
                "add it to the client's scopes, or set another claim",
            )
        wrong = check_name(name)
        if wrong is not None:
            # Never changed into one that would do: two names could become one.
            raise _denied(
                f"'{shown(name)}' of claim '{self.name_claim}' {_tail(wrong)}",
                "set another claim for the user's name",
            )
        return name

    def _email(self, claims: Claims) -> str:
        """Return the address, or nothing where it is not proved to be theirs."""
        email = claim(claims, "email")
        if not isinstance(email, str) or len(email) > _ANSWER_MAX or not email.isprintable():
            return ""
        proved = claim(claims, "email_verified")
        # Some providers send it as text.
        is_proved = proved in (True, "true") or (proved is None and self.is_email_proved)
        return email if is_proved and email.count("@") == 1 else ""

    def _check_domain(self, email: str) -> None:
        if not self.email_domains:
            return
        if not email:
            raise _denied(
                "the identity provider sends no e-mail address that it proved to be yours, and "
                "only some domains may log in",
                "have the address confirmed there, and the scope 'email' among the client's",
            )
        domain = email.rpartition("@")[2].lower()
        if domain not in {one.lower() for one in self.email_domains}:
            raise _denied(f"addresses of {shown(domain)} may not log in here", "use another one")

    def _groups(self, claims: Claims) -> tuple[str, ...]:
        if not self.groups_claim:
            return ()
        value = claim(claims, self.groups_claim)
        elsewhere = claims.get("_claim_names")
        if value is None and isinstance(elsewhere, dict) and self.groups_claim in elsewhere:
            raise _denied(
                "the identity provider leaves your groups out, as you have too many for a token",
                "have it send only the groups that are assigned to this application",
            )
        found = dict.fromkeys(texts(value))
        return tuple(one for one in found if 0 < len(one) <= GROUP_NAME_MAX and one.isprintable())

    def _check_groups(self, groups: tuple[str, ...]) -> None:
        if not self.allowed_groups:
            return
        # The names of those who may are not told to who may not.
        if not groups:
            raise _denied(
                f"the identity provider sends no groups in claim '{self.groups_claim}', and only "
                "some may log in",
                "ask your administrator to have them sent, or for a group",
            )
        if not {*groups} & {*self.allowed_groups}:
            raise _denied("no group of yours may log in here", "ask your administrator for one")


def _tail(wrong: Fault) -> str:
    return wrong.message.removeprefix("this ").partition(":")[0]


def _denied(cause: str, cure: str) -> Fault:
    return Fault(Code.DENIED, f"not logged in, as {cause}: {cure}")
