"""A port that was drawn for one server is nobody else's, though the server has not bound it yet."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.stack import ports
from processes.inventory import run_worker
from runtime.settings import CHECKOUT

DRAWS_ALL = """
import json, sys
from local.stack import ports
ports.DRAWN_FROM = range(*map(int, sys.argv[1:]))
mine = []
try:
    while True:
        mine += ports.free_ports(1)
except ports.PortTaken as end:
    print(json.dumps({"mine": mine, "end": str(end)}), flush=True)
sys.stdin.read()  # the others draw while this process lives
"""


def test_three_processes_that_draw_at_once_share_no_port() -> None:
    between = (31_900, 31_960)
    drawing = [
        subprocess.Popen(
            [sys.executable, "-c", DRAWS_ALL, *map(str, between)],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    answers = [json.loads(process.stdout.readline()) for process in drawing if process.stdout]
    for process in drawing:
        process.communicate(timeout=20)
    drawn = [port for answer in answers for port in answer["mine"]]
    assert len(drawn) == len(set(drawn)) > 0
    assert {answer["end"] for answer in answers} == {"Of the ports 31900 to 31959 only 0 are free."}


def test_the_server_for_which_it_was_drawn_binds_it_and_binds_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = ports.free_ports(1)
    assert not ports.is_taken(port), "a server could bind it"
    for _ in range(2):  # it is started again after its death
        with ThreadingHTTPServer((ports.LOOPBACK, port), BaseHTTPRequestHandler):
            assert ports.is_taken(port)
    monkeypatch.setattr(ports, "DRAWN_FROM", range(port, port + 1))
    with pytest.raises(ports.PortTaken, match=f"Of the ports {port} to {port} only 0 are free"):
        ports.free_ports(1)


def test_who_asks_for_a_reserved_port_is_refused() -> None:
    """Nobody listens yet: to connect must fail as it would without the reservation."""
    (port,) = ports.free_ports(1)
    assert not ports.answers(port)
    with pytest.raises(ConnectionRefusedError), socket.socket() as client:
        client.connect((ports.LOOPBACK, port))


@pytest.mark.parametrize(
    ("kind", "name", "setting", "moved_by"),
    [
        ("stage", "resident", "WORKER_PORTS", 'CITYGRID_WORKER_PORTS, such as {"stage-resident": 12345}.'),
        ("api", None, "API_PORT", "CITYGRID_API_PORT."),
    ],
)
def test_a_process_whose_port_is_taken_says_so_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, kind: str, name: str | None, setting: str, moved_by: str
) -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as somebody:
        port = somebody.getsockname()[1]
        called = f"{kind}-{name}" if name else kind
        monkeypatch.setenv(f"CITYGRID_{setting}", json.dumps({called: port}) if name else str(port))
        with pytest.raises(SystemExit) as ended:
            run_worker(kind, name)
    sentence = str(ended.value.code)
    assert sentence.startswith(f"{called} cannot answer on {ports.LOOPBACK}, port {port}: Address already in use. ")
    assert sentence.endswith(f"or give it another port with {moved_by}")
