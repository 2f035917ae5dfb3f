"""Records that an older version could not read yet go back to where they came from, now that a newer one runs."""

from producers.mending.replay import replay_parked
from runtime.settings import Settings


def run(settings: Settings) -> str:
    return f"{replay_parked(settings)} parked records sent back"
