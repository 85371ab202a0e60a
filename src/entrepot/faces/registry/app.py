"""The distribution API as an ASGI application."""

from collections.abc import Awaitable, Callable

from entrepot.faces.asgi import App, Receive, Request, Response, Scope, Send, send_response
from entrepot.faces.refusals import LOGIN, note_refusal
from entrepot.oci.errors import Code, Fault
from entrepot.oci.name import RepositoryName
from entrepot.rules.permissions import Permission

from .blobs import delete_blob, get_blob, head_blob
from .call import Call, Services
from .challenge import Challenger
from .errors import error_response
from .lists import get_catalog, get_referrers, get_tags
from .manifests import delete_manifest, get_manifest, put_manifest
from .routes import Kind, Route, route
from .uploads import delete_upload, get_upload, patch_upload, post_upload, put_upload
from .warnings import add_warnings

API_VERSION = "registry/2.0"

PATH_SHOWN_MAX = 200
"""Characters of an unknown address that its error repeats."""

_NAMED = frozenset({Kind.MANIFEST, Kind.BLOB, Kind.REFERRERS})
_NOWHERE = RepositoryName()
"""What a call that is about no repository carries."""

Handler = Callable[[Call], Awaitable[Response]]

HANDLERS: dict[Kind, dict[str, tuple[Permission, Handler]]] = {
    Kind.CATALOG: {"GET": (Permission.CATALOG, get_catalog)},
    Kind.TAGS: {"GET": (Permission.PULL, get_tags)},
    Kind.REFERRERS: {"GET": (Permission.PULL, get_referrers)},
    Kind.MANIFEST: {
        "GET": (Permission.PULL, get_manifest),
        "PUT": (Permission.PUSH, put_manifest),
        "DELETE": (Permission.DELETE, delete_manifest),
    },
    Kind.BLOB: {
        "HEAD": (Permission.PULL, head_blob),
        "GET": (Permission.PULL, get_blob),
        "DELETE": (Permission.DELETE, delete_blob),
    },
    Kind.UPLOADS: {"POST": (Permission.PUSH, post_upload)},
    # Status and cancel belong to the push; asking for more rights would stop clients.
    Kind.UPLOAD: {
        "GET": (Permission.PUSH, get_upload),
        "PATCH": (Permission.PUSH, patch_upload),
        "PUT": (Permission.PUSH, put_upload),
        "DELETE": (Permission.PUSH, delete_upload),
    },
}
"""What each address takes besides the ping, and the permission that it needs."""


def registry_app(services: Services, challenger: Challenger) -> App:
    """Return the application for `/v2`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        found = route(request.raw_path)
        try:
            response = await _answer(request, found, services)
        except Fault as fault:
            operation, resource, project = _words(found, fault)
            note_refusal(
                services.trail,
                request,
                fault,
                operation=operation,
                resource=resource,
                project=project,
            )
            response = error_response(fault)
            if request.method == "HEAD" and fault.code is Code.DENIED:
                response = _refused_head(response, found, fault)
            if fault.code is Code.UNAUTHORIZED:
                challenger.add(response, request, found, fault)
            elif fault.code is Code.UNSUPPORTED and found is not None:
                response.set("Allow", ", ".join(_allowed(found.kind, services)))
        response.set("Docker-Distribution-Api-Version", API_VERSION)
        await send_response(scope, send, response)

    return app


async def _answer(request: Request, found: Route | None, services: Services) -> Response:
    identity = await services.access.identify(
        request.header(b"authorization"), request.client_address, certificate=request.certificate
    )
    request.actor, request.known = identity.name, True
    if found is None:
        raise Fault(
            Code.NOT_FOUND,
            "nothing is served at this address: see the endpoints of the OCI distribution API",
            {"path": request.raw_path[:PATH_SHOWN_MAX]},
        )
    if request.method not in _methods(found.kind):
        methods = _methods(found.kind)
        raise Fault(
            Code.UNSUPPORTED,
            f"{request.method[:20]} is not served at this address: use {', '.join(methods)}",
            {"methods": methods},
        )
    if found.kind is Kind.PING:
        await services.access.require_login(identity)
        return _pong()
    handlers = HANDLERS[found.kind]
    permission, handler = handlers.get(request.method) or handlers["GET"]
    if found.kind is Kind.CATALOG:
        await services.access.require(identity, permission)
        return await handler(Call(request, found, _NOWHERE, identity, services))
    name = RepositoryName.parse(found.name)
    verdict = await services.access.require(identity, permission, name)
    return await handler(Call(request, found, name, identity, services, verdict))


def _refused_head(response: Response, found: Route | None, fault: Fault) -> Response:
    """Return what tells a refusal in spite of the body that an answer to HEAD lacks.

    Before they push, clients ask for each blob, and stop at a 403 without a word. A 404, which
    tells less of what there is, lets them go on to the upload, whose refusal they show.
    """
    if found is not None and found.kind is Kind.BLOB:
        response = error_response(Fault(Code.BLOB_UNKNOWN, fault.message))
    add_warnings(response, [fault.message])
    return response


def _words(found: Route | None, fault: Fault) -> tuple[str, str, str]:
    """Return operation, resource and project of what was asked for, as the audit log has them."""
    if found is None or found.kind is Kind.PING:
        return LOGIN, "", ""
    permission = fault.detail.get("permission") if isinstance(fault.detail, dict) else None
    operation = str(permission or f"repository.{found.kind.name.lower()}")
    try:
        name = RepositoryName.parse(found.name)
    except Fault:
        return operation, "", ""
    sign = "@" if ":" in found.reference else ":"
    at = f"{sign}{found.reference}" if found.kind in _NAMED and found.reference else ""
    return operation, f"{name.wire}{at}", name.project


def _pong() -> Response:
    response = Response(200, body=b"{}")
    response.set("Content-Type", "application/json")
    return response


def _allowed(kind: Kind, services: Services) -> list[str]:
    """Return the methods of an address, without what is switched off (RFC 9110 section 10.2.1)."""
    handlers = HANDLERS.get(kind, {})
    return [
        method
        for method in _methods(kind)
        if method not in handlers or services.access.serves(handlers[method][0])
    ]


def _methods(kind: Kind) -> list[str]:
    """Return the methods of an address: HEAD is served wherever GET is."""
    methods = [*HANDLERS.get(kind, ["GET"])]
    return methods if "HEAD" in methods or "GET" not in methods else ["HEAD", *methods]
