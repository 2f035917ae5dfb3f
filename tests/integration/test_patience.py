"""Who sends a request too slowly is let go, whatever byte it sends now and then; who waits for an answer is not."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from runtime.http import patience
from runtime.http.patience import PatientHttp

SHORT = 0.4


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEADERS_S", SHORT)
    monkeypatch.setattr(patience, "BODY_S", SHORT)


async def _whole(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def _slow(_: Request) -> PlainTextResponse:
    await asyncio.sleep(3 * SHORT)
    return PlainTextResponse("at last")


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    """A port of a server with this patience."""
    app = Starlette(routes=[Route("/", _whole, methods=["GET", "POST"]), Route("/slow", _slow)])
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, http=PatientHttp, log_level="warning", timeout_graceful_shutdown=1))
        running = asyncio.create_task(server.serve(sockets=[listening]))
        async with asyncio.timeout(20):
            while not server.started:
                assert not running.done(), running.result()
                await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        await running


async def trickled(port: int, first: bytes, drop: bytes) -> tuple[bytes, float]:
    """What is answered to `first` and then `drop` again and again, and after how many seconds the server hung up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()

    async def dripping() -> None:
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(SHORT / 8)

    writer.write(first)
    drips = asyncio.create_task(dripping())
    try:
        async with asyncio.timeout(20 * SHORT):
            answer = await reader.read()
    finally:
        drips.cancel()
        await asyncio.gather(drips, return_exceptions=True)
        writer.close()
    return answer, time.monotonic() - began


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b""),  # a connection that says nothing
        (b"", b"G"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", b"a"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    ],
)
async def test_slow_headers_and_bodies_are_let_go(first: bytes, drop: bytes) -> None:
    async with served() as port:
        try:
            answer, seconds = await trickled(port, first, drop)
        except ConnectionResetError:
            return  # let go while it still sent
    assert answer.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 400 ")) or not answer
    assert seconds < 5 * SHORT


async def test_a_later_request_of_a_connection_has_no_more_time_than_the_first() -> None:
    async with served() as port:
        first = b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n"
        answer, _ = await trickled(port, first, b"X-A: b\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"408" in answer


async def test_who_waits_for_a_slow_answer_is_kept() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(20 * SHORT):
            assert (await reader.read()).endswith(b"at last")
        writer.close()


@pytest.mark.parametrize(
    "first",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-A: ",
    ],
)
async def test_headers_without_an_end_fill_no_memory(first: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """One client sent 100 MB a second into the server's memory, for as long as it has patience."""
    for name in ("HEADERS_S", "BODY_S"):
        monkeypatch.setattr(patience, name, 30.0)
    most, sent = 4_000_000, 0
    async with served() as port, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        try:
            while sent < most and not reader.at_eof():
                writer.write(b"a" * 65_536)
                sent += 65_536
                await writer.drain()
                await asyncio.sleep(0.001)
            answer = await reader.read()
        except ConnectionError:
            answer = b""  # let go while it still sent
        writer.close()
    assert sent < most
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 ")) or not answer


async def test_a_body_in_the_smallest_pieces_is_taken() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + b"1\r\na\r\n" * 50_000 + b"0\r\n\r\n")
        async with asyncio.timeout(20):
            assert (await reader.read()).endswith(b"50000")
        writer.close()
