"""Who may ask: this machine's own pages, and nobody's page in another tab.

The server listens on loopback, yet every page in the user's browser could send requests there. Three checks keep them
out: the name asked for is this machine (a foreign name that resolves here, "DNS rebinding", is refused), the asking
page has the same origin, and the answer may not be framed, sniffed or read by another site.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "::1")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """ASGI middleware: refuses foreign hosts and origins with 403, and adds the protecting headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refusal = why_refused(Headers(scope=scope))

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if refusal:
            await JSONResponse({"detail": refusal}, status_code=403)(scope, receive, send_guarded)
        else:
            await self.app(scope, receive, send_guarded)


def why_refused(headers: Headers) -> str:
    """Why a request with these headers is refused, or nothing.

    Any port is accepted in `Host`, so that `ssh -L 8080:localhost:7007` works: a foreign name is what gives a rebinding
    page away, and it cannot choose another.
    """
    host = headers.get("host", "")
    if _name(host) not in LOOPBACK:
        return (
            f"Host '{host}' is not this machine: Glia answers to localhost and 127.0.0.1 only. "
            "From another machine, forward the port: ssh -L 7007:localhost:7007 THIS-MACHINE"
        )
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return f"Origin '{origin}' is not 'http://{host}': pages of other sites may not ask here."
    site = headers.get("sec-fetch-site", "same-origin")
    opened_by_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if site in ("cross-site", "same-site") and not opened_by_link:
        return f"This request comes from a page of another site (Sec-Fetch-Site: {site}); those may not ask here."
    return ""


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # such as "[::1"
        return ""
