"""Photos as people send them become plain JPEGs: made anew from their pixels, so that nothing else of the file is kept.

A camera writes into a file where it was, when, and which camera it is; a file can also hold what is no picture. None
of it survives: what is stored was written here.
"""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Request
from PIL import Image, ImageOps, UnidentifiedImageError
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.problems import INVALID, STORE_AWAY, Refused
from runtime.http.language import Say
from runtime.http.problems import TOO_LARGE
from runtime.object_store import StoreAway

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 1600
QUALITY = 82
NO_PICTURE = Say(
    "照片无法读取：请用 JPEG、PNG 或 WebP，最多四千万像素。",
    "This is no photo that can be read: JPEG, PNG or WebP of at most 40 million pixels.",
)

Base64 = Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9+/]+={0,2}$", description="the file in Base64")]


class NoPicture(Exception):
    """The bytes are no photo that is taken in."""


def plain(content: bytes) -> bytes:
    """The picture upright, at most `LONGEST_SIDE` pixels a side, as a JPEG without metadata. Raises NoPicture."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if opened.width * opened.height > MOST_PIXELS:
                raise NoPicture
            opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is decoded no larger than needed
            picture = ImageOps.exif_transpose(opened).convert("RGB")
            picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombWarning,
            Image.DecompressionBombError) as broken:  # fmt: skip
        raise NoPicture from broken
    fresh = Image.new("RGB", picture.size)
    fresh.paste(picture)
    written = io.BytesIO()
    fresh.save(written, "JPEG", quality=QUALITY, optimize=True)
    return written.getvalue()


async def keep(request: Request, photo: str) -> UUID:
    """Make a photo plain and store it; its name. Raises Refused: 413 too large, 422 no photo, 503 the store is away."""
    if len(photo) * 3 // 4 > request.app.state.settings.photo_bytes:
        raise Refused(TOO_LARGE)
    try:
        content = base64.b64decode(photo, validate=True)
        async with request.app.state.picture_turns:
            picture = await run_in_threadpool(plain, content)
    except (NoPicture, binascii.Error):
        raise Refused(INVALID, detail=NO_PICTURE) from None
    name = uuid4()
    try:
        await run_in_threadpool(request.app.state.photos().put, name, picture)
    except StoreAway:
        raise Refused(STORE_AWAY) from None
    return name


async def forget(request: Request, name: UUID | None) -> None:
    """What named the photo was not kept: nor is the photo."""
    if name is None:
        return
    try:
        await run_in_threadpool(request.app.state.photos().remove, name)
    except StoreAway:
        return  # nobody can ask for a photo that no row names


async def stored(request: Request, name: UUID) -> bytes | None:
    """A photo, after the database has said that the caller may see it. Raises Refused (503)."""
    try:
        content: bytes | None = await run_in_threadpool(request.app.state.photos().get, name)
    except StoreAway:
        raise Refused(STORE_AWAY) from None
    return content
