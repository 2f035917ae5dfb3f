"""Tiles of the base map: the bytes of the file, to who is signed in, and a file that is wrong is told at the start."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import mapbox_vector_tile
import pytest
from fastapi import FastAPI
from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from api.app import create_app
from api.base_map import BaseMap
from demo.base_map import base_map
from runtime.settings import Settings, SettingsRefused
from tests.integration.api.two_streets import PASSWORD, City, LogIn

SEED = 11
HEART = (13, 6676, 3556)
"""The tile in which the first grid of the demo city lies."""
NOTHING = (13, 6600, 3500)


@pytest.fixture(scope="module")
def city_map(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base_map(tmp_path_factory.mktemp("map") / "demo.pmtiles", SEED)


@pytest.fixture
async def mapped(city: City, api_settings: Settings, city_map: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in where there is a base map."""
    made = create_app(api_settings.model_copy(update={"base_map": city_map}))
    async with made.router.lifespan_context(made), _client(made) as client:
        assert (await client.post("/session", json={"name": "worker", "password": PASSWORD})).status_code == 200
        yield client


def _client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://citygrid.test/api/v1")


def stored(path: Path, place: tuple[int, int, int]) -> bytes:
    with path.open("rb") as file:
        content = Reader(MmapSource(file)).get(*place)
        assert content is not None
        return bytes(content)


async def test_a_tile_is_what_the_file_has(mapped: httpx.AsyncClient, city_map: Path) -> None:
    described = (await mapped.get("/map/base")).json()
    assert (described["minzoom"], described["maxzoom"]) == (8, 13)
    assert described["bounds"][0] < 113.3 < described["bounds"][2]
    assert described["attribution"] == [{"text": "示例地图，虚构 · Sample map, made up", "link": None}]
    z, x, y = HEART
    address = described["tiles"].removeprefix("/api/v1").format(z=z, x=x, y=y)

    packed = await mapped.get(address, headers={"accept-encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert "immutable" in packed.headers["cache-control"]
    assert "private" in packed.headers["cache-control"]
    assert packed.content == gzip.decompress(stored(city_map, HEART))  # httpx has unpacked it
    plain = await mapped.get(address, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == packed.content
    assert plain.headers["etag"] != packed.headers["etag"]
    assert {"building", "transportation"} <= set(mapbox_vector_tile.decode(plain.content))

    again = await mapped.get(address, headers={"accept-encoding": "gzip", "if-none-match": packed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_nothing_is_drawn_or_nothing_is_there(mapped: httpx.AsyncClient) -> None:
    version = (await mapped.get("/map/base")).json()["version"]
    z, x, y = NOTHING
    empty = await mapped.get(f"/map/base/{version}/{z}/{x}/{y}")
    assert (empty.status_code, empty.content) == (204, b"")
    for address, status in {
        f"/map/base/{'0' * 16}/{z}/{x}/{y}": 404,  # another version's
        f"/map/base/{version}/7/104/55": 404,  # a zoom that the file does not have
        f"/map/base/{version}/14/13345/7112": 404,
        f"/map/base/{version}/8/256/0": 404,  # a column that the zoom does not have
        f"/map/base/{version}/8/-1/0": 422,
        f"/map/base/{version}/23/0/0": 422,
        f"/map/base/{version}/8/..%2f..%2fetc/passwd": 404,
        f"/map/base/..%2f..%2fetc%2fpasswd/{z}/{x}/{y}": 404,
    }.items():
        assert (await mapped.get(address)).status_code == status, address


async def test_nobody_without_a_session_gets_one(mapped: httpx.AsyncClient) -> None:
    version = (await mapped.get("/map/base")).json()["version"]
    mapped.cookies.clear()
    z, x, y = HEART
    assert (await mapped.get("/map/base")).status_code == 401
    assert (await mapped.get(f"/map/base/{version}/{z}/{x}/{y}")).status_code == 401


async def test_without_a_base_map_there_is_none(city: City, log_in: LogIn) -> None:
    client = await log_in("worker")
    answer = await client.get("/map/base")
    assert (answer.status_code, answer.json()) == (200, None)
    assert (await client.get(f"/map/base/{'0' * 16}/13/6676/3556")).status_code == 404


def packed_file(path: Path, **header: Any) -> Path:
    """A file of many small tiles in leaf directories, compressed as `header` says."""
    with path.open("wb") as file:
        writer = Writer(file)
        for column in range(128):
            for row in range(128):
                writer.write_tile(zxy_to_tileid(7, column, row), f"{column} {row}".encode() * (1 + column % 3))
        attribution = (
            '&copy; <a href="https://osm.example/c">OSM</a><script src="x"></script> <a href="javascript:1">b</a>'
        )
        writer.finalize(
            {"tile_type": TileType.MVT, "tile_compression": Compression.NONE, **header}, {"attribution": attribution}
        )
    return path


def test_a_large_file_is_read_through_its_directories(tmp_path: Path) -> None:
    found = BaseMap(packed_file(tmp_path / "large.pmtiles"))
    for column, row in ((0, 0), (127, 127), (17, 99), (64, 3)):
        tile = found.tile(7, column, row, "gzip")
        assert tile is not None
        assert (tile.content, tile.encoding) == (f"{column} {row}".encode() * (1 + column % 3), None)
    assert found.tile(6, 0, 0, "") is None
    assert [tuple(piece) for piece in found.attribution] == [
        ("© ", None),
        ("OSM", "https://osm.example/c"),
        (" ", None),
        ("b", None),
    ]
    found.close()


def test_another_file_is_another_version(tmp_path: Path) -> None:
    one = BaseMap(packed_file(tmp_path / "one.pmtiles"))
    content = bytearray((tmp_path / "one.pmtiles").read_bytes())
    content[-1] ^= 1
    (tmp_path / "other.pmtiles").write_bytes(content)
    other = BaseMap(tmp_path / "other.pmtiles")
    assert one.version != other.version
    one.close()
    other.close()


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("missing", "cannot be read"),
        ("folder", "cannot be read"),
        ("empty", "no PMTiles file of version 3"),
        ("picture", "no PMTiles file of version 3"),
        ("png", "holds PNG tiles"),
        ("zstd", "not compressed by gzip"),
        ("cut", "is cut off"),
        ("damaged", "is damaged"),
    ],
)
def test_a_file_that_is_wrong_is_told_at_the_start(
    city: City, api_settings: Settings, tmp_path: Path, what: str, told: str
) -> None:
    path = tmp_path / f"{what}.pmtiles"
    match what:
        case "folder":
            path.mkdir()
        case "empty":
            path.touch()
        case "picture":
            path.write_bytes(b"\x89PNG\r\n\x1a\n" * 100)
        case "png":
            packed_file(path, tile_type=TileType.PNG)
        case "zstd":
            packed_file(path, tile_compression=Compression.ZSTD)
        case "cut":
            path.write_bytes(packed_file(path).read_bytes()[:-100])
        case "damaged":
            content = bytearray(packed_file(path).read_bytes())
            content[127:140] = bytes(13)
            path.write_bytes(content)
    with pytest.raises(SettingsRefused, match=told) as refused:
        create_app(api_settings.model_copy(update={"base_map": path}))
    assert str(refused.value).startswith("CITYGRID_BASE_MAP: ")
