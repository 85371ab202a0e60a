"""Too many requests of one address: answered before anything else looks at them."""

from collections.abc import Callable

from entrepot.oci.errors import Fault

from .asgi import App, Receive, Request, Response, Scope, Send, json_response, send_response

API_VERSION = "registry/2.0"
"""What every answer below `/v2` says."""


def flood_guard(app: App, admit: Callable[[str], None]) -> App:
    """Return `app` behind `admit`, which raises a fault for an address that asks too often."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            admit(request.client_address)
        except Fault as fault:
            await send_response(scope, send, _refused(request, fault))
        else:
            await app(scope, receive, send)

    return guarded


def _refused(request: Request, fault: Fault) -> Response:
    entry = {"code": fault.code.value, "message": fault.message, "detail": fault.detail}
    response = json_response(429, {"errors": [entry]})
    response.set("Retry-After", "1")
    if request.raw_path.startswith("/v2"):
        response.set("Docker-Distribution-Api-Version", API_VERSION)
    return response
