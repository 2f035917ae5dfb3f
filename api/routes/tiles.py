"""The streets under the maps: vector tiles of the city's own file, for who is signed in."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel, Field

from api.base_map import HIGHEST_ZOOM, BaseMap
from api.database import SignedIn
from api.gate import ROOT
from api.problems import NOT_FOUND, refuse

router = APIRouter(tags=["map"])

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"
FOR_GOOD = "private, max-age=31536000, immutable"
TILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
    204: {"description": "nothing is drawn here"},
    304: {"description": "the caller has it"},
}
Place = Annotated[int, Path(ge=0, lt=2**HIGHEST_ZOOM)]


class Attribution(BaseModel):
    """A piece of what must be shown with the map."""

    text: str
    link: str | None = Field(description="an address of the web")


class BaseMapDescription(BaseModel):
    """Where the tiles are, as in TileJSON."""

    version: str = Field(description="another file has another one")
    tiles: str = Field(description="with {z}, {x} and {y}; Mapbox Vector Tile 2.1, Web Mercator of WGS 84")
    minzoom: int
    maxzoom: int = Field(description="tiles of this zoom are drawn larger at higher ones")
    bounds: tuple[float, float, float, float] = Field(description="west, south, east, north in degrees, WGS 84")
    attribution: list[Attribution]


@router.get("/map/base", summary="The base map, if the city has one")
async def described(request: Request, _who: SignedIn) -> BaseMapDescription | None:
    """`null` without one: maps then show areas and pins alone."""
    found: BaseMap | None = request.app.state.base_map
    if found is None:
        return None
    lowest, highest = found.zooms
    return BaseMapDescription(
        version=found.version,
        tiles=f"{ROOT}/map/base/{found.version}/{{z}}/{{x}}/{{y}}",
        minzoom=lowest,
        maxzoom=highest,
        bounds=found.bounds,
        attribution=[Attribution(text=piece.text, link=piece.link) for piece in found.attribution],
    )


@router.get(
    "/map/base/{version}/{z}/{x}/{y}", summary="A tile of the base map", response_class=Response, responses=TILE
)
async def tile(
    request: Request,
    _who: SignedIn,
    version: str,
    z: Annotated[int, Path(ge=0, le=HIGHEST_ZOOM)],
    x: Place,
    y: Place,
    accept_encoding: Annotated[str, Header()] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """The same for everybody who is signed in: it says nothing about anybody. A version is kept for good; of another
    one there is nothing."""
    found: BaseMap | None = request.app.state.base_map
    if found is None or version != found.version or not found.zooms[0] <= z <= found.zooms[1] or max(x, y) >= 2**z:
        return refuse(request, NOT_FOUND)
    drawn = await asyncio.to_thread(found.tile, z, x, y, accept_encoding)
    headers = {"Cache-Control": FOR_GOOD, "Vary": "Accept-Encoding"}
    if drawn is None:
        return Response(status_code=204, headers=headers)
    headers["ETag"] = f'"{found.version}-{z}-{x}-{y}{f"-{drawn.encoding}" if drawn.encoding else ""}"'
    if if_none_match == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if drawn.encoding:
        headers["Content-Encoding"] = drawn.encoding
    return Response(drawn.content, media_type=MEDIA_TYPE, headers=headers)
