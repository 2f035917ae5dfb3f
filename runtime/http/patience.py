"""The HTTP server's patience: who sends a request's headers or body too slowly is answered 408 and let go, and whose
headers do not end 431.

uvicorn waits for ever for the rest of a request; a few hundred slow ones would hold every connection of a door. It also
keeps whatever comes before a request's body, and behind it: one client could fill the machine's memory.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_S = 10.0
"""From the connection, or the first byte of a later request, to the end of the headers."""
BODY_S = 60.0
"""From there to the end of the body: 4 MiB need a line of 0.6 Mbit/s."""
MOST_HEAD_BYTES = 65_536
"""Of a request line and headers; of what stands between and behind the pieces of a body, besides 8 bytes for each of
the body's."""
TOO_MUCH = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class PatientHttp(HttpToolsProtocol):
    """`uvicorn.Config(…, http=PatientHttp)`."""

    _waiting: asyncio.TimerHandle | None = None
    _fed = 0
    _allowed = MOST_HEAD_BYTES

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait(HEADERS_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._fed += len(data)
        super().data_received(data)
        if self._fed > self._allowed and self._waiting is not None:
            self._let_go(TOO_MUCH)

    def on_body(self, body: bytes) -> None:
        self._allowed += 9 * len(body)
        super().on_body(body)

    def on_message_begin(self) -> None:
        self._fed, self._allowed = 0, MOST_HEAD_BYTES
        self._wait(HEADERS_S)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._wait(BODY_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._wait(None)
        super().on_message_complete()

    def _wait(self, seconds: float | None) -> None:
        """Let the client go after `seconds`, unless called again before; None: it has sent all."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None if seconds is None else self.loop.call_later(seconds, self._let_go, TOO_SLOW)

    def _let_go(self, answer: bytes) -> None:
        answered = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if not self.transport.is_closing() and not answered:
            self.transport.write(answer)
        self.transport.close()
