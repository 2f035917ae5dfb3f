"""The key by which push services know this city, made once."""

from runtime.push_services import key_file, make_key, services
from runtime.settings import Settings


def run(settings: Settings) -> str:
    file = key_file(settings)
    if not file.is_file():
        if not services(settings):
            return "nobody is sent a push"
        make_key(file)
    return f"pushes are signed by {file}"
