"""Ports on loopback: find free ones, and say who sits on a taken one."""

from __future__ import annotations

import random
import socket
from itertools import islice

import psutil

LOOPBACK = "127.0.0.1"
DRAWN_FROM = range(12_000, 32_000)
"""Linux gives outgoing connections 32768 to 60999 (ip(7), ip_local_port_range)."""


class PortTaken(Exception):
    """A port that a part needs is in use; the message names the process and the setting that moves the part."""


def free_ports(count: int) -> list[int]:
    """`count` different ports that nobody listens on at the moment of asking.

    Drawn from below those that the system gives to outgoing connections: one of these may be in use by the time that
    the server binds it.
    """
    drawn = random.sample(DRAWN_FROM, len(DRAWN_FROM))
    free = list(islice((port for port in drawn if not is_taken(port)), count))
    if len(free) < count:
        raise PortTaken(f"Of the ports {DRAWN_FROM.start} to {DRAWN_FROM.stop - 1} only {len(free)} are free.")
    return free


def is_taken(port: int) -> bool:
    """Whether a server could not bind `port` on loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


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
