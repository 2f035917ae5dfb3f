"""Ports on loopback: find free ones, and say who sits on a taken one."""

from __future__ import annotations

import random
import socket
from itertools import islice

import psutil

from runtime.listening import refusal

LOOPBACK = "127.0.0.1"
DRAWN_FROM = range(12_000, 32_000)
"""Linux gives outgoing connections 32768 to 60999 (ip(7), ip_local_port_range)."""

_reserved: list[socket.socket] = []
"""Bound for as long as this process lives: what was drawn for one server must not be drawn for another by anybody."""


class PortTaken(Exception):
    """A port that a part needs is in use; the message names the process and the setting that moves the part."""


def free_ports(count: int) -> list[int]:
    """`count` different ports that nobody listens on, and that nobody else is given while this process lives.

    Drawn from below those that the system gives to outgoing connections: one of these may be in use by the time that
    the server binds it. The server must set SO_REUSEADDR, as every one here does.
    """
    drawn = random.sample(DRAWN_FROM, len(DRAWN_FROM))
    free = list(islice((port for port in drawn if _reserve(port)), count))
    if len(free) < count:
        raise PortTaken(f"Of the ports {DRAWN_FROM.start} to {DRAWN_FROM.stop - 1} only {len(free)} are free.")
    return free


def _reserve(port: int) -> bool:
    """Bind `port` so that a server still can, and another process that draws cannot. False if somebody has it.

    Linux lets two sockets bind one port if both set SO_REUSEADDR and neither listens (socket(7)): the one that draws
    sets it only once it has the port, so it is refused what anybody else has bound.
    """
    held = socket.socket()
    try:
        held.bind((LOOPBACK, port))
    except OSError:
        held.close()
        return False
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _reserved.append(held)
    return True


def is_taken(port: int) -> bool:
    """Whether a server could not bind `port` on loopback now."""
    return refusal(LOOPBACK, port) is not None


def require_free(port: int, part: str, setting: str) -> None:
    """Raise PortTaken if `port`, which `part` needs and `setting` moves, is in use."""
    if is_taken(port):
        raise PortTaken(
            f"Port {port} for {part} is in use by {_who_listens(port)}. Stop it, or set {setting} to a free port."
        )


def answers(port: int) -> bool:
    """Whether something accepts connections on `port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _who_listens(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            address = tuple(connection.laddr)  # (host, port), or nothing
            if connection.status == psutil.CONN_LISTEN and address[1:] == (port,) and connection.pid:
                process = psutil.Process(connection.pid)
                return f"process {process.pid} ({process.name()})"
    except psutil.Error:
        pass  # another user's process: its existence is known, its name is not ours to read
    return "a process of another user"
