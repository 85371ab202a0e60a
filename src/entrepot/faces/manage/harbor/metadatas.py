"""Metadata of projects one by one: `/projects/{project}/metadatas`."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About
from entrepot.faces.manage.callers import Need
from entrepot.oci.errors import Code, Fault
from entrepot.rules.permissions import Permission

from .answers import Unprocessable, done
from .api import Call, Route
from .metadata import PUBLIC, MetadataKeeper, checked
from .parts import Parts
from .projectlists import seen
from .projects import TAG
from .shownprojects import Shown

Texts = dict[str, str]


class _Metadata:
    """Answers about metadata."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._projects = parts.content.projects
        self._keeper = MetadataKeeper(parts.content.policies)
        self._shown = Shown(parts, self._keeper)

    async def list_all(self, call: Call) -> Response:
        return json_response(200, await self._shown.metadata(await seen(self._parts, call)))

    async def get(self, call: Call) -> Response:
        key = call.parts["meta_name"]
        found = await self._shown.metadata(await seen(self._parts, call))
        if key not in found:
            return json_response(200, {})
        return json_response(200, {key: found[key]})

    async def check(self, call: Call, keys: Iterable[str]) -> None:
        needed = Permission.PROJECT_UPDATE if PUBLIC in keys else Permission.POLICY_MANAGE
        await call.require(needed, call.target)

    async def put(self, call: Call, given: Texts) -> None:
        if len(given) != 1:
            raise Fault(Code.REQUEST_INVALID, "only allow one key/value pair")
        values = {key: checked(key, value) for key, value in given.items()}
        await self.check(call, values)
        project = await self._projects.find(call.parts["project"])
        if PUBLIC in values:
            public = values[PUBLIC] == "true"
            await self._projects.change(project.name, call.acting, public=public)
            return
        kept = await self._keeper.of(project.name)
        after = replace(kept, values={**kept.values, **values})
        await self._keeper.put(project.name, after, call.caller)

    async def add(self, call: Call) -> Response:
        given = await _texts(call)
        await self.check(call, given)
        there = await self._shown.metadata(await self._projects.find(call.parts["project"]))
        if set(given) & set(there):
            raise Fault(Code.CONFLICT, f"the metadata is there already: {', '.join(given)[:80]}")
        await self.put(call, given)
        return done()

    async def update(self, call: Call) -> Response:
        key = call.parts["meta_name"]
        await self.put(call, {key: (await _texts(call)).get(key, "")})
        return done()

    async def remove(self, call: Call) -> Response:
        key = call.parts["meta_name"]
        await self.check(call, [key])
        project = await self._projects.find(call.parts["project"])
        kept = await self._keeper.of(project.name)
        if key == PUBLIC:
            await self._projects.change(project.name, call.acting, public=False)
        elif key in kept.values:
            values = {name: value for name, value in kept.values.items() if name != key}
            await self._keeper.put(project.name, replace(kept, values=values), call.caller)
        return done()


def metadata_routes(parts: Parts) -> list[Route]:
    """Return what is served of metadata."""
    here = _Metadata(parts)
    every, one = "/projects/{project_id}/metadatas", "/projects/{project_id}/metadatas/{meta_name}"
    return [
        Route(
            "GET",
            every,
            here.list_all,
            Need.ANYONE,
            _about("List a project's metadata", gives=Texts),
        ),
        Route("POST", every, here.add, Need.LOGIN, _ADD),
        Route("GET", one, here.get, Need.ANYONE, _about("Get a project's metadata", gives=Texts)),
        Route("PUT", one, here.update, Need.LOGIN, _CHANGE),
        Route("DELETE", one, here.remove, Need.LOGIN, _REMOVE),
    ]


async def _texts(call: Call) -> Texts:
    """Return a body that is an object of texts."""
    given = await call.fields(Texts)
    if len(given) > 1:
        raise Fault(Code.REQUEST_INVALID, "only allow one key/value pair")
    if not given:
        raise Unprocessable("metadata in body is required")
    return given


def _about(summary: str, **more: Any) -> About:
    return About(summary, tag=TAG, **more)


_ADD = _about("Add a project's metadata", status=200, errors=(400, 404, 409))
_CHANGE = _about("Change a project's metadata", errors=(400, 404))
_REMOVE = _about("Remove a project's metadata", errors=(404,))
