"""The demo city: loaded once; its life goes on while `citygrid up` runs."""

from demo.play import Demo, play_in_background
from runtime.settings import Settings

RESIDENTS = 2_000
"""Few enough that a start stays quick; `citygrid demo` makes more of them."""


def run(settings: Settings) -> str:
    if settings.mode == "production":
        return "no demo city in production"
    demo = Demo(settings, otherwise=RESIDENTS)
    events = 0 if demo.loaded else demo.load()
    play_in_background(demo)
    return f"demo city loaded: {events} events" if events else "the demo city is there"
