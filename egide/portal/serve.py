"""A small server for one machine: reads only, answers on the loopback address only, and says so in its headers.

The plain pages stay plain: no cookie, no script, nothing to send. Django's portal takes their place for a service.
"""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from egide.portal.site import Response, Site
from egide.portal.source import Pages

HOST = "127.0.0.1"
LONGEST_QUERY = 500  # characters of an address
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def serve(pages: Pages, port: int = 8000) -> None:
    """Answers on 127.0.0.1 until interrupted. Raises OSError when the port is taken."""
    with server(pages, port) as running:
        running.serve_forever()


def server(pages: Pages, port: int = 8000) -> ThreadingHTTPServer:
    """The server, bound but not yet answering; port 0 takes a free one."""
    site = Site(pages)
    made = ThreadingHTTPServer((HOST, port), type("Handler", (_Handler,), {"site": site}))
    made.daemon_threads = True
    return made


class _Handler(BaseHTTPRequestHandler):
    site: Site
    server_version = "egide"
    sys_version = ""
    timeout = 30  # seconds that a silent client may hold a thread

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        if not self._from_here():
            return self._send(Response(421, b"", "text/plain; charset=utf-8"), body=body)
        if len(self.path) > LONGEST_QUERY:
            return self._send(Response(414, b"", "text/plain; charset=utf-8"), body=body)
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        answer = self.site.get(unquote(address.path), asked, self.headers.get("Accept-Language", ""))
        return self._send(answer, body=body)

    def finish(self) -> None:
        super().finish()
        self.site.pages.close()

    def _from_here(self) -> bool:
        """A page of another site may make a browser ask us under its own name (DNS rebinding): refuse it."""
        name = self.headers.get("Host", "").rsplit(":", 1)[0]
        return name in (HOST, "localhost")

    def _send(self, answer: Response, *, body: bool) -> None:
        self.send_response(answer.status)
        for name, value in {**HEADERS, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if body:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: an address may hold what somebody searched for."""
