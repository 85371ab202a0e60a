"""What a route is: the description that OpenAPI, pages and clients are made from.

Shared by `/api/entrepot/v1` and Harbor's face. Beside each route stands an `About`:

    Route("POST", "/users", add, Permission.USER_MANAGE, told=About(
        "Add a user", takes=NewUser, gives=User, status=201, errors=(409,), tag="users"))
    Route("GET", "/users", list_all, Permission.USER_READ, told=About(
        "List users", gives=Page[User], pages="after", tag="users"))

`takes` and `gives` are `msgspec.Struct`s, whose docstrings are read by people: a body refuses
unknown fields (`forbid_unknown_fields=True`), an answer's fields have no defaults unless they may
be missing; a tuple of structs is one of them. Two structs of one face must not share a name. The
face turns its routes into `Operation`s, and `openapi.document` makes the document of them.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec

JSON = "application/json"
PAGE_DEFAULT = 100
PAGE_MAX = 1000

Item = TypeVar("Item")

Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
"""A time in an answer, as RFC 3339 has it, in UTC."""
Size = Annotated[int, msgspec.Meta(ge=0, description="In bytes.")]

Cursor = Annotated[int, msgspec.Meta(ge=0)]
"""Where a list goes on that is in the order of numbers."""

_ARTICLES = frozenset({"a", "an", "the", "of", "in", "for", "s"})
_WORD = re.compile(r"[a-z0-9]+")


class Page(msgspec.Struct, Generic[Item]):
    """A part of a list; `next` is what to ask for after it, null at the end."""

    items: list[Item]
    next: str | int | None


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request whose address says all: `{}`."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of the query; `kind` is `str`, `int`, `bool`, an enumeration or `Annotated`."""

    name: str
    about: str
    kind: Any = str
    required: bool = False


_LIMIT = Argument(
    "limit",
    f"Most entries of the page; {PAGE_DEFAULT} unless said.",
    Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)],
)


@dataclass(frozen=True, slots=True)
class Also:
    """One more answer that a route may give, beside its usual one; None is one without a body."""

    status: int
    about: str
    gives: Any = None


@dataclass(frozen=True, slots=True)
class About:
    """What a route does, takes and gives.

    The operation's name is the `summary` in lower case without its articles, unless `name` says
    another. `errors` are the statuses worth telling of beside those that any route may answer.
    `pages` names the query argument, of type `cursor`, that a page's `next` goes into; it need not
    stand in `query`, nor need `limit`.
    """

    summary: str
    takes: Any = None
    gives: Any = None
    status: int = 200
    query: tuple[Argument, ...] = ()
    headers: tuple[Argument, ...] = ()
    """Fields of the request's head."""
    errors: tuple[int, ...] = ()
    tag: str = ""
    text: str = ""
    """More for people, in plain sentences."""
    name: str = ""
    pages: str = ""
    cursor: Any = str
    also: tuple[Also, ...] = ()
    media: str = JSON
    """Of the answer; `gives` is not looked at when it is another."""
    further_media: tuple[str, ...] = ()
    may_be_empty: bool = False
    """Whether there may be no body although `gives` says one."""
    secret: bool = False
    """Whether the answer holds what must not be kept in clear."""

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """All arguments of the query."""
        if not self.pages:
            return self.query
        following = Argument(self.pages, "Where to go on: `next` of the page before.", self.cursor)
        return (*self.query, _LIMIT, following)

    @property
    def operation(self) -> str:
        """The operation's name, such as `list_users`."""
        if self.name:
            return self.name
        words = _WORD.findall(self.summary.lower())
        return "_".join(word for word in words if word not in _ARTICLES)


@dataclass(frozen=True, slots=True)
class Operation:
    """A described route of a face; `path` has `{name}` segments.

    `needs` is told to people: a permission's name, `login`, or nothing for what anybody may call.
    """

    method: str
    path: str
    about: About
    needs: str = ""
