"""What is beside an artifact: build history, files of a chart."""

import asyncio
from typing import Any

from entrepot.faces.asgi import Response, json_response
from entrepot.faces.manage.about import About
from entrepot.oci.errors import Code, Fault
from entrepot.oci.json import encode
from entrepot.ports.listing import ArtifactItem
from entrepot.rules.extracts import Inside, extract_of
from entrepot.rules.permissions import Permission
from entrepot.services.artifacts import ArtifactService
from entrepot.services.charts import CHART_SIZE_MAX_BYTES, chart_file
from entrepot.services.pull import PullService

from .api import Call, Route
from .artifacts import ONE
from .artifactviews import Views
from .kinds import BUILD_HISTORY, CHART_FILES, DEPENDENCIES, additions, history, kind_of

VULNERABILITIES, SBOM = "vulnerabilities", "sbom"
JSON_UTF8 = "application/json; charset=utf-8"
_TYPES = {"values.yaml": "text/plain; charset=utf-8", "readme.md": "text/markdown; charset=utf-8"}


class Additions:
    """Answers with what there is beside an artifact."""

    def __init__(self, views: Views, artifacts: ArtifactService, pull: PullService) -> None:
        self._views = views
        self._artifacts = artifacts
        self._pull = pull

    async def get(self, call: Call) -> Response:
        """Return one addition; REQUEST_INVALID for what such an artifact has not."""
        item, name = await self._views.find(call), call.parts["addition"].lower()
        if name in (VULNERABILITIES, SBOM):
            # There is no scanner yet, and so no report of one.
            raise Fault(
                Code.NOT_FOUND, f"no scanner registration configured for project {item.repository}"
            )
        inside = await self._artifacts.inside(item)
        if inside is None:
            raise Fault(Code.NOT_FOUND, f"artifact {item.repository}@{item.digest} not found")
        extract = extract_of(inside)
        kind = kind_of(extract)
        if name not in additions(kind, extract):
            raise Fault(
                Code.REQUEST_INVALID, f"addition {name[:40]} isn't supported for {kind.type}"
            )
        if name == BUILD_HISTORY:
            return _response(encode(history(inside.config)), JSON_UTF8)
        if name == DEPENDENCIES:
            return _response(encode(_dependencies(inside)), JSON_UTF8)
        return _response(await self._chart(item, inside, name), _TYPES[name])

    async def _chart(self, item: ArtifactItem, inside: Inside, name: str) -> bytes:
        """Return a file of a chart; empty if there is none."""
        layers = inside.manifest.layers
        if not layers or layers[0].size > CHART_SIZE_MAX_BYTES:
            return b""
        row = await self._pull.blob(item.repository, layers[0].digest)
        reading = await self._pull.open(row)
        try:
            archive = b"".join([chunk async for chunk in reading.chunks()])
        finally:
            reading.close()
        return await asyncio.to_thread(chart_file, archive, name) or b""


def addition_routes(here: Additions) -> list[Route]:
    """Return what is served of additions."""
    names = ", ".join((BUILD_HISTORY, *CHART_FILES, DEPENDENCIES))
    told = About(
        "Get an addition of an artifact",
        tag="Artifacts",
        text=f"One of {names}.",
        errors=(400, 404),
    )
    return [Route("GET", f"{ONE}/additions/{{addition}}", here.get, Permission.PULL, told)]


def _dependencies(inside: Inside) -> list[Any]:
    found = inside.config.get("dependencies")
    return found if isinstance(found, list) else []


def _response(body: bytes, media_type: str) -> Response:
    response = json_response(200, None, media_type)
    response.body = body
    return response
