"""/live, /ready and /metrics over HTTP, served by a thread so that a stuck event loop is *told*, not merely felt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], str | None]


class HealthServer:
    """`live` and `ready` return None when all is well, else the sentence that is served with status 503."""

    def __init__(self, host: str, port: int, live: Check, ready: Check) -> None:
        checks = {"/live": live, "/ready": ready}

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/metrics":
                    self._send(200, CONTENT_TYPE_LATEST, generate_latest())
                elif self.path in checks:
                    trouble = checks[self.path]()
                    self._send(503 if trouble else 200, "text/plain; charset=utf-8", (trouble or "ok").encode())
                else:
                    self._send(404, "text/plain; charset=utf-8", b"/live, /ready or /metrics")

            def _send(self, status: int, content_type: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """A probe every second is not news."""

        self._server = ThreadingHTTPServer((host, port), Answer)
        self._server.daemon_threads = True
        #: The port in use (a free one when 0 was asked for).
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="rdkafka-health", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
