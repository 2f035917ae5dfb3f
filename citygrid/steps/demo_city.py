"""The demo city: loaded once; its day goes on while `citygrid up` runs."""

from citygrid.demo.play import Demo, play_in_background
from runtime.settings import Settings


def run(settings: Settings) -> str:
    if settings.mode == "production":
        return "no demo city in production"
    demo = Demo(settings)
    events = 0 if demo.loaded else demo.load()
    play_in_background(demo)
    return f"demo city loaded: {events} events" if events else "the demo city is there"
