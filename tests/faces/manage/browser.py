"""A browser with cookies, and a table of routes without the application around it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from entrepot.faces.asgi import App, Receive, Request, Scope, Send, send_response
from entrepot.faces.manage.api import ROOT, Call, Route
from entrepot.faces.manage.cookies import CSRF_HEADER, cookie_account
from entrepot.faces.manage.problems import problem
from entrepot.oci.errors import Fault
from entrepot.rules.access import ANONYMOUS, Identity
from entrepot.services.access import AccessService
from entrepot.services.context import Caller
from entrepot.services.websessions import WebSessionService
from tests.faces.registry.client import Answer, call

NOBODY = cast("AccessService", None)
"""These handlers leave it to the application who may call them."""


def table_of(routes: Sequence[Route], sessions: WebSessionService, *, scheme: str = "http") -> App:
    """Return an application of these routes, whose callers are known by their cookie alone."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["scheme"] = scheme
        request = Request(scope, receive)
        segments = request.raw_path.removeprefix(ROOT).split("/")[1:]
        try:
            for route in routes:
                pattern = route.path.split("/")[1:]
                pairs = [*zip(pattern, segments, strict=False)]
                fits = all(want == have or want[0] == "{" for want, have in pairs)
                if fits and len(pattern) == len(segments) and route.method == request.method:
                    parts = {want[1:-1]: have for want, have in pairs if want[0] == "{"}
                    signs_in = route.path.startswith("/signin")
                    account = None if signs_in else await cookie_account(sessions, request)
                    who = Identity(account.name, account.role) if account else ANONYMOUS
                    caller = Caller(account.name if account else "", "Firefox", "192.0.2.1")
                    response = await route.handler(Call(request, caller, parts, who, NOBODY))
                    break
            else:
                raise AssertionError(f"no route for {request.method} {request.raw_path}")
        except Fault as fault:
            response = problem(fault)
        await send_response(scope, send, response)

    return app


@dataclass
class Browser:
    """Keeps cookies as a browser does, and sends the CSRF header unless told not to."""

    app: App
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)
    """As the last answer had them."""
    sends_csrf: bool = True

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        csrf = next((self.cookies[name] for name in self.cookies if name.endswith("csrf")), "")
        if self.sends_csrf and csrf:
            headers[CSRF_HEADER] = csrf
        if body is not None:
            headers["Content-Type"] = "application/json"
        raw = b"" if body is None else json.dumps(body).encode()
        answer = await call(self.app, method, f"{ROOT}{path}", headers, raw)
        self.set_cookies = [value for name, value in answer.headers if name == "Set-Cookie"]
        for cookie in self.set_cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        return answer
