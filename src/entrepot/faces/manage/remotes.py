"""Other registries over HTTP: `/remotes`, and whether they are there."""

from typing import Annotated

import msgspec

from entrepot.faces.asgi import Response, json_response
from entrepot.ports.remotes import Reached
from entrepot.ports.remotes import Remote as RemoteRow
from entrepot.rules.permissions import Permission
from entrepot.rules.remotes import KINDS, OCI, RemoteText
from entrepot.services.remotes import RemoteService

from .about import About, Cursor, Moment, Page
from .api import ROOT, Call, Route, moment, page
from .arguments import number

_Text = Annotated[str, msgspec.Meta(max_length=2048)]
_Secret = Annotated[str, msgspec.Meta(max_length=8192)]


class NewRemote(msgspec.Struct, forbid_unknown_fields=True):
    """Another registry; `account` and `secret` are what it lets in."""

    name: _Text
    url: _Text
    kind: _Text = OCI
    description: _Text = ""
    account: _Text = ""
    secret: _Secret = ""
    insecure: bool = False
    """Whether its certificate is not looked at."""


class RemoteChange(msgspec.Struct, forbid_unknown_fields=True):
    """What changes of a registry; what is left out stays. An empty secret is taken away."""

    name: _Text | None = None
    url: _Text | None = None
    kind: _Text | None = None
    description: _Text | None = None
    account: _Text | None = None
    secret: _Secret | None = None
    insecure: bool | None = None


class RemoteView(msgspec.Struct):
    """Another registry. Its secret is never shown."""

    id: int
    name: str
    url: str
    kind: str
    description: str
    account: str
    insecure: bool
    created_at: Moment
    changed_at: Moment


class RemoteReached(msgspec.Struct):
    """Whether a registry answers and lets the account in, and why not."""

    ok: bool
    reason: str


def remote_routes(remotes: RemoteService) -> list[Route]:
    """Return what is served of other registries."""

    async def list_all(call: Call) -> Response:
        limit = call.limit()
        found = await remotes.page(call.number("after", 0), limit + 1)
        items = [_shown(remote) for remote in found[:limit]]
        return page(items, items[-1].id if len(found) > limit else None)

    async def make(call: Call) -> Response:
        new = await call.body(NewRemote)
        made = await remotes.create(_text(new), new.secret, call.caller)
        response = json_response(201, _shown(made))
        response.set("Location", f"{ROOT}/remotes/{made.id}")
        return response

    async def get(call: Call) -> Response:
        return json_response(200, _shown(await remotes.find(_id(call))))

    async def change(call: Call) -> Response:
        body = await call.body(RemoteChange)
        before = await remotes.find(_id(call))
        text = RemoteText(
            before.name if body.name is None else body.name,
            before.url if body.url is None else body.url,
            before.kind if body.kind is None else body.kind,
            before.description if body.description is None else body.description,
            before.account if body.account is None else body.account,
            before.insecure if body.insecure is None else body.insecure,
        )
        return json_response(
            200, _shown(await remotes.change(before.id, text, body.secret, call.caller))
        )

    async def remove(call: Call) -> Response:
        await remotes.remove(_id(call), call.caller)
        return Response(204)

    async def ping(call: Call) -> Response:
        return json_response(200, _reached(await remotes.ping(_id(call))))

    async def try_out(call: Call) -> Response:
        new = await call.body(NewRemote)
        return json_response(200, _reached(await remotes.try_out(_text(new), new.secret)))

    needs = Permission.REMOTE_MANAGE
    return [
        Route("GET", "/remotes", list_all, needs, told=_LIST),
        Route("POST", "/remotes", make, needs, told=_MAKE),
        Route("POST", "/remotes/ping", try_out, needs, told=_TRY),
        Route("GET", "/remotes/{remote}", get, needs, told=_GET),
        Route("PATCH", "/remotes/{remote}", change, needs, told=_CHANGE),
        Route("DELETE", "/remotes/{remote}", remove, needs, told=_REMOVE),
        Route("POST", "/remotes/{remote}/ping", ping, needs, told=_PING),
    ]


def _id(call: Call) -> int:
    return number(call.parts["remote"], "remote", 0, (1, None))


def _text(new: NewRemote) -> RemoteText:
    return RemoteText(new.name, new.url, new.kind, new.description, new.account, new.insecure)


def _shown(remote: RemoteRow) -> RemoteView:
    return RemoteView(
        remote.id,
        remote.name,
        remote.url,
        remote.kind,
        remote.description,
        remote.account,
        remote.insecure,
        moment(remote.created_at),
        moment(remote.changed_at),
    )


def _reached(reached: Reached) -> RemoteReached:
    return RemoteReached(reached.ok, reached.reason)


_TAG = "remotes"
_LIST = About(
    "List other registries", gives=Page[RemoteView], pages="after", cursor=Cursor, tag=_TAG
)
_MAKE = About(
    "Add another registry",
    takes=NewRemote,
    gives=RemoteView,
    status=201,
    errors=(409,),
    tag=_TAG,
    text=f"Kinds are {', '.join(KINDS)}.",
)
_GET = About("Get another registry", gives=RemoteView, errors=(404,), tag=_TAG)
_CHANGE = About(
    "Change another registry",
    takes=RemoteChange,
    gives=RemoteView,
    errors=(404, 409),
    tag=_TAG,
    text="With an address on another server the secret is to be given again.",
)
_REMOVE = About("Remove another registry", status=204, errors=(404, 409), tag=_TAG)
_PING = About("Ask whether a registry is there", gives=RemoteReached, errors=(404,), tag=_TAG)
_TRY = About(
    "Try out a registry",
    takes=NewRemote,
    gives=RemoteReached,
    tag=_TAG,
    text="It is asked with this account, and not kept.",
)
