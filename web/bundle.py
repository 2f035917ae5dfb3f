"""All files of the pages as one version: what a page loads bears the version in its address, so that no page runs
modules of two, and a browser keeps them for good. docs/decisions/0044-offices.md

`/v/<version>/pages/worker.js` is `static/pages/worker.js`. Modules name each other by relative paths only (a path of a
library is made relative here), so that a file's bytes are the same in every version in which it did not change: the
service worker takes those from the version before, and fetches what is new.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import mimetypes
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import brotli

from web.assets import STATIC, WORDS, libraries

SERVICE_WORKER = "/sw.js"
OFFLINE_PAGES = ("/worker.html", "/index.html")
"""What the service worker keeps, with all that they load."""
ALSO_OFFLINE = ("/icon.svg", "/manifest.webmanifest")
VERSION_FILE = "/version.json"
"""Asked by pages that stay open: whether the server has another version by now."""
RELEASE = 'const RELEASE = { version: "", files: {} };'
"""The line of sw.js that is replaced by the version and its files."""

_IMPORT = re.compile(r'((?:\bfrom|^import)\s+)"(\.{0,2}/[^"\n]+\.js)"', re.MULTILINE)
_LINK = re.compile(r'((?:href|src)=)"(/(?:lib|style|pages)/[^"#]+)"')
_COMPRESSED = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml"}
BROTLI_QUALITY = 9
"""The highest takes seconds for a library, at the first request after each start, and saves 8 % more."""


class BundleRefused(RuntimeError):
    """The pages' files do not make one version; the message says which file and why."""


@dataclass(frozen=True)
class File:
    """One file as it is served. `sha256` in Base64, as browsers check it."""

    content: bytes
    media_type: str

    @cached_property
    def sha256(self) -> str:
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()

    @cached_property
    def brotli(self) -> bytes:
        return bytes(brotli.compress(self.content, quality=BROTLI_QUALITY))

    @cached_property
    def gzip(self) -> bytes:
        return gzip.compress(self.content, 9, mtime=0)

    def encoded(self, accepted: str) -> tuple[bytes, str | None]:
        """The content for a browser that sends this `Accept-Encoding`, and the encoding; None: as it is."""
        if not self.media_type.startswith(_COMPRESSED):
            return self.content, None
        wanted = {part.partition(";")[0].strip() for part in accepted.split(",")}
        if "br" in wanted:
            return self.brotli, "br"
        return (self.gzip, "gzip") if "gzip" in wanted else (self.content, None)


@dataclass(frozen=True)
class Bundle:
    """`files` by the path under which the version has them, `pages` by their own."""

    version: str
    files: Mapping[str, File]
    pages: Mapping[str, File]


def bundle(words: str, folder: Path = STATIC) -> Bundle:
    """The version of the pages in `folder`; `words` is the module of names that the server makes.

    Raises BundleRefused, web.assets.AssetMissing.
    """
    sources = {
        f"/{file.relative_to(folder).as_posix()}": file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    sources |= {path: file.read_bytes() for path, file in libraries().items()}
    sources[WORDS] = words.encode()
    files = {path: _file(path, _relative(path, content)) for path, content in sources.items() if _is_versioned(path)}
    listed = "\n".join(f"{path} {hashlib.sha256(content).hexdigest()}" for path, content in sorted(sources.items()))
    version = hashlib.sha256(listed.encode()).hexdigest()[:16]
    pages = {
        path: _file(path, _versioned(content, version) if path.endswith(".html") else content)
        for path, content in sources.items()
        if not _is_versioned(path)
    }
    kept = _offline(version, files, pages)
    pages[SERVICE_WORKER] = _file(SERVICE_WORKER, _with_release(sources[SERVICE_WORKER].decode(), version, kept))
    pages[VERSION_FILE] = _file(VERSION_FILE, json.dumps({"version": version}).encode())
    return Bundle(version, files, pages)


def _is_versioned(path: str) -> bool:
    return "/" in path[1:]


def _file(path: str, content: bytes) -> File:
    ending = posixpath.splitext(path)[1]
    return File(content, _TYPES.get(ending) or mimetypes.guess_type(path)[0] or "application/octet-stream")


def _relative(path: str, content: bytes) -> bytes:
    """A module that names libraries by their place beside it."""
    if not path.endswith(".js") or path.startswith("/lib/"):
        return content

    def beside(match: re.Match[str]) -> str:
        name = match[2]
        if name.startswith("/"):
            name = posixpath.relpath(name, posixpath.dirname(path))
            name = name if name.startswith(".") else f"./{name}"
        return f'{match[1]}"{name}"'

    return _IMPORT.sub(beside, content.decode()).encode()


def _versioned(content: bytes, version: str) -> bytes:
    """A page whose styles and modules are those of this version."""
    return _LINK.sub(rf'\1"/v/{version}\2"', content.decode()).encode()


def _offline(version: str, files: Mapping[str, File], pages: Mapping[str, File]) -> dict[str, str]:
    """Address → sha256 of what the offline pages load, themselves included."""
    kept: dict[str, str] = {path: pages[path].sha256 for path in (*OFFLINE_PAGES, *ALSO_OFFLINE)}
    waiting = [name.removeprefix(f"/v/{version}") for page in OFFLINE_PAGES for name in _named(page, pages[page])]
    while waiting:
        path = waiting.pop()
        address = f"/v/{version}{path}"
        if address in kept:
            continue
        if path not in files:
            raise BundleRefused(f"{path} is loaded by a page that works offline, and is no file of web/static.")
        kept[address] = files[path].sha256
        waiting += _named(path, files[path])
    return dict(sorted(kept.items()))


def _named(path: str, file: File) -> list[str]:
    if path.endswith(".html"):
        return [match[2] for match in re.finditer(r'((?:href|src)=)"(/v/[^"#]+)"', file.content.decode())]
    if not path.endswith(".js") or path.startswith("/lib/"):
        return []
    folder = posixpath.dirname(path)
    return [posixpath.normpath(posixpath.join(folder, match[2])) for match in _IMPORT.finditer(_code(file))]


def _code(file: File) -> str:
    """Without comments, in which types are imported."""
    return re.sub(r"/\*.*?\*/", "", file.content.decode(), flags=re.DOTALL)


def _with_release(source: str, version: str, kept: Mapping[str, str]) -> bytes:
    if source.count(RELEASE) != 1:
        raise BundleRefused(f"static/sw.js lacks the line {RELEASE!r}, which the version is put into.")
    release = json.dumps({"version": version, "files": kept}, separators=(",", ":"))
    return source.replace(RELEASE, f"const RELEASE = {release};").encode()
