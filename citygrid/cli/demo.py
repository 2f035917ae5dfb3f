"""Play the small demo city: load it if it is not there yet, then let its day go on."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from citygrid.cli import Told
from citygrid.cli.screen import console
from citygrid.demo.play import RESIDENTS, SEED, Demo, DemoRefused
from runtime.pseudonym import KeyRefused
from runtime.publish import NotDelivered, PublishRefused
from runtime.settings import load

EXAMPLE = "citygrid demo --speed 2"


def command(
    seed: Annotated[int, typer.Option(help="Another seed is another city.")] = SEED,
    residents: Annotated[int, typer.Option(min=50, max=100_000, help="How many people live in it.")] = RESIDENTS,
    speed: Annotated[float, typer.Option(min=0, max=100, help="Changes of the day; 1 is one in 5 s, 0 none.")] = 1.0,
) -> None:
    """Play the small demo city: load it if it is not there yet, then let its day go on until Ctrl-C."""
    stopping = threading.Event()
    try:
        demo = Demo(load(), seed, residents)
        if demo.loaded:
            console.print("The demo city is there already.")
        else:
            events = demo.load(lambda title: console.print(title, highlight=False))
            console.print(f"{events} events published.", highlight=False)
        if speed:
            for sign in (signal.SIGTERM, signal.SIGINT):
                signal.signal(sign, lambda *_: stopping.set())
            demo.play(stopping, speed, lambda title: console.print(title, highlight=False))
    except (DemoRefused, PublishRefused, KeyRefused, NotDelivered) as refused:
        raise Told(str(refused)) from None
