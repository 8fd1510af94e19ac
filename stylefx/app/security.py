"""Who may talk to the page's server: only a browser that was given the token, on this machine unless it was told so.

A page of another site can send requests to 127.0.0.1, and by DNS rebinding under a name of its own. So the Host must be
this server's, an Origin, where there is one, too, and every request needs the token: in the address once, which is
answered with a cookie, and in that cookie from then on.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
# Every script and picture is the server's own; sounds and pictures may be made by the page.
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; media-src 'self' blob:; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
Answer = Callable[..., Awaitable[None]]


def host_and_port(address: str, port: int) -> str:
    """As it stands in URLs, where an IPv6 address is in brackets."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Guard:
    """ASGI middleware around ``app`` for a server on ``address`` and ``port`` whose token is ``token``."""

    def __init__(self, app: ASGIApp, address: str, port: int, token: str):
        self._app, self._token = app, token
        self._names = [address, "localhost"] if address == LOOPBACK else [address]
        self._hosts = [host_and_port(name, port) for name in self._names]
        self._origins = [f"http://{host}" for host in self._hosts]
        # Cookies do not know ports: two servers on one machine need two names.
        self._cookie = f"stylefx-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, answer the address with the token, or hand on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._refusal(Request(scope)) or self._app

            async def send_with_headers(message: Any) -> None:
                if message["type"] == "http.response.start":
                    more = [(name.lower().encode(), text.encode()) for name, text in HEADERS.items()]
                    message["headers"] = [*message["headers"], *more]
                await send(message)

            await answer(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        origin = request.headers.get("origin")
        if request.headers.getlist("host") not in [[host] for host in self._hosts]:
            return _refused(f"this server answers to {' and '.join(self._names)} only", 421)
        if origin is not None and origin not in self._origins:
            return _refused("another site may not use this server", 403)
        if self._is_token(request.cookies.get(self._cookie)):
            return None
        if (
            request.method == "GET"
            and request.url.path == "/"
            and self._is_token(request.query_params.get("token"))
        ):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return answer
        return _refused("open the address that `stylefx app` printed, with its token", 401)

    def _is_token(self, text: str | None) -> bool:
        return text is not None and secrets.compare_digest(text.encode(), self._token.encode())


def _refused(sentence: str, status: int) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)
