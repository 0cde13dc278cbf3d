"""A webhook on this machine, to see what is sent."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer


@contextmanager
def listening() -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """A server's address, and the bodies and headers that it was sent; one that says "fail" gets a 404."""
    sent: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append((self.rfile.read(int(self.headers["Content-Length"])).decode(), dict(self.headers)))
            self.send_response(404 if "fail" in sent[-1][0].split('"') else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/x", sent
        server.shutdown()
