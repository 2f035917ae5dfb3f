"""Where the pages' files come from: our own in `web/static`, the libraries out of the `nicegui` wheel.

Nothing loads from outside: a URL under `/lib/` is one file of an installed, hash-locked wheel
(Vue, Leaflet and ECharts as ES modules).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

STATIC = Path(__file__).resolve().parent / "static"
WORDS = "/text/words.js"
"""Made by the server out of contracts and rules (`wire/words.py`): the one module that is no file."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""For the header of every page. No `unsafe-eval`: pages are render functions, Vue's compiler never runs."""

_FILES = {
    "/lib/vue.js": "static/vue.esm-browser.prod.js",
    "/lib/leaflet/leaflet.js": "elements/leaflet/dist/index.js",
    "/lib/leaflet/leaflet.css": "elements/leaflet/dist/leaflet/leaflet.css",
}
_ECHARTS = "elements/echart/dist"  # an entry and chunks whose names carry a hash of the release


class AssetMissing(RuntimeError):
    """A library file is not where the `nicegui` wheel had it: install that of requirements.lock or mend this."""


def libraries() -> dict[str, Path]:
    """URL path → file, for each library file that a page imports; mount each at its path.

    Raises AssetMissing, at the start rather than in a browser, when the wheel is absent or laid out otherwise.
    """
    root = _wheel()
    served = {path: root / name for path, name in _FILES.items()}
    served.update((f"/lib/echarts/{file.name}", file) for file in _modules(root / _ECHARTS))
    for path, file in served.items():
        if not file.is_file():
            raise AssetMissing(f"{path}: {file} is not there; install the nicegui of requirements.lock")
    return served


def _wheel() -> Path:
    spec = find_spec("nicegui")  # found, not imported: importing it starts a server framework
    if spec is None or not spec.submodule_search_locations:
        raise AssetMissing("nicegui is not installed; run `make up`, which installs requirements.lock")
    return Path(next(iter(spec.submodule_search_locations)))


def _modules(folder: Path) -> Iterator[Path]:
    if not (folder / "index.js").is_file():
        raise AssetMissing(f"{folder}/index.js is not there; install the nicegui of requirements.lock")
    yield from sorted(folder.glob("*.js"))
