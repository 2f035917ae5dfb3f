"""Prometheus' configuration and targets for this host, for whoever runs one."""

from processes.observe import write_local
from runtime.settings import Settings


def run(settings: Settings) -> str:
    return f"Prometheus can read {write_local(settings)}"
