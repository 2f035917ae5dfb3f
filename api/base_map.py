"""A city's own vector tiles out of one PMTiles file (version 3): checked at the start, read tile by tile.

The file is read by position and never mapped into memory: one that is overwritten while the process runs gives wrong
tiles until the next start, and does not end the process. docs/decisions/0048-base-map.md
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zlib
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import brotli
from pmtiles.tile import (
    Compression,
    Entry,
    HeaderDict,
    MagicNumberNotFound,
    SpecVersionUnsupported,
    TileType,
    deserialize_directory,
    deserialize_header,
    find_tile,
    zxy_to_tileid,
)

from runtime.settings import Settings, SettingsRefused

HEADER_BYTES = 127
HIGHEST_ZOOM = 22
LEVELS = 4
"""Directories from the root to a tile, at most."""
DIRECTORIES = 16
"""Kept as read; one of 4,096 entries takes some 10 ms to read and 1 MB to keep."""
ENCODINGS = {Compression.NONE: None, Compression.GZIP: "gzip", Compression.BROTLI: "br"}
SETTING = "CITYGRID_BASE_MAP"


class Words(NamedTuple):
    """A piece of the attribution; `link`: an address of the web, or None."""

    text: str
    link: str | None


class Tile(NamedTuple):
    """`encoding`: as HTTP names it, None for a tile as it is."""

    content: bytes
    encoding: str | None


class BaseMap:
    """The file at `path`. Raises SettingsRefused with what is wrong with it and what to do."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise _refused(
                f"{path} cannot be read ({error.strerror}); name a PMTiles file that this process may read, or unset it"
            ) from None
        try:
            self._header = self._checked(path)
            self._root = self._directory(self._header["root_offset"], self._header["root_length"])
            metadata = self._metadata()
            #: Pieces to be shown in this order, as the file's metadata says.
            self.attribution = _pieces(str(metadata.get("attribution") or ""))
            self.version = self._sha256()[:16]
        except (OSError, EOFError, ValueError, zlib.error):
            self._file.close()
            raise _refused(f"{path} is damaged: its directory cannot be read; copy it again") from None
        except SettingsRefused:
            self._file.close()
            raise
        self._leaf = lru_cache(DIRECTORIES)(self._directory)

    def close(self) -> None:
        """No tile is read any more."""
        self._file.close()

    @property
    def zooms(self) -> tuple[int, int]:
        """The lowest and the highest, of tiles that are 360° / 2^zoom wide."""
        return self._header["min_zoom"], self._header["max_zoom"]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees, WGS 84."""
        header = self._header
        west, south, east, north = (header[f"{edge}_e7"] for edge in ("min_lon", "min_lat", "max_lon", "max_lat"))
        return west / 1e7, south / 1e7, east / 1e7, north / 1e7

    def tile(self, zoom: int, column: int, row: int, accepted: str) -> Tile | None:
        """The tile as a browser of this `Accept-Encoding` takes it; None where nothing is drawn.

        Blocking; from any thread. Raises ValueError if the zoom has no such column or row.
        """
        number = zxy_to_tileid(zoom, column, row)
        entries = self._root
        for _ in range(LEVELS):
            entry = find_tile(entries, number)
            if entry is None or not entry.length:
                return None
            if entry.run_length:
                content = self._read(self._header["tile_data_offset"] + entry.offset, entry.length)
                return _accepted(content, ENCODINGS[self._header["tile_compression"]], accepted)
            entries = self._leaf(self._header["leaf_directory_offset"] + entry.offset, entry.length)
        return None

    def _checked(self, path: Path) -> HeaderDict:
        try:
            header = deserialize_header(self._read(0, HEADER_BYTES))
        except (MagicNumberNotFound, SpecVersionUnsupported, OSError, IndexError, ValueError):
            raise _refused(
                f"{path} is no PMTiles file of version 3; make one with `tippecanoe -o city.pmtiles`, Planetiler or "
                "`pmtiles convert`"
            ) from None
        if header["tile_type"] is not TileType.MVT:
            raise _refused(f"{path} holds {header['tile_type'].name} tiles; the pages draw vector tiles (MVT)")
        if header["tile_compression"] not in ENCODINGS or header["internal_compression"] is not Compression.GZIP:
            raise _refused(f"{path} is not compressed by gzip; make it anew so, which is what its tools do by default")
        ends = max(
            header[f"{part}_offset"] + header[f"{part}_length"]
            for part in ("root", "metadata", "leaf_directory", "tile_data")
        )
        size = os.fstat(self._file.fileno()).st_size
        if ends > size:
            raise _refused(f"{path} is cut off: {size} bytes of {ends}; copy it again")
        return header

    def _metadata(self) -> dict[str, Any]:
        header = self._header
        found = json.loads(gzip.decompress(self._read(header["metadata_offset"], header["metadata_length"])))
        return found if isinstance(found, dict) else {}

    def _directory(self, offset: int, length: int) -> list[Entry]:
        entries: list[Entry] = deserialize_directory(self._read(offset, length))
        return entries

    def _read(self, offset: int, length: int) -> bytes:
        return os.pread(self._file.fileno(), length, offset)

    def _sha256(self) -> str:
        """Of the whole file: its tiles are kept by browsers for good, so another file must have another name."""
        digest, offset = hashlib.sha256(), 0
        while block := self._read(offset, 1 << 20):
            digest.update(block)
            offset += len(block)
        return digest.hexdigest()


def base_map(settings: Settings) -> BaseMap | None:
    """The base map of this installation, None without one. Raises SettingsRefused."""
    return BaseMap(settings.base_map) if settings.base_map else None


def _refused(what: str) -> SettingsRefused:
    return SettingsRefused(f"{SETTING}: {what}.")


def _accepted(content: bytes, encoding: str | None, accepted: str) -> Tile:
    wanted = {part.partition(";")[0].strip() for part in accepted.split(",")}
    if encoding is None or encoding in wanted:
        return Tile(content, encoding)
    return Tile(gzip.decompress(content) if encoding == "gzip" else brotli.decompress(content), None)


class _Reading(HTMLParser):
    """Text and web links of an attribution, which is HTML in most files; nothing else of it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[Words] = []
        self._link: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            address = dict(attrs).get("href") or ""
            self._link = address if address.startswith(("https://", "http://")) else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        self.pieces.append(Words(data, self._link))


def _pieces(html: str) -> list[Words]:
    reading = _Reading()
    reading.feed(html)
    reading.close()
    return reading.pieces
