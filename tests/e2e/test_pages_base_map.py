"""The base map in Chromium: streets under the centre's and the tablet's map, kept for when there is no network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from demo.base_map import base_map
from runtime.settings import Settings
from tests.e2e.conftest import ServedCity, serving
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET, browsing
from tests.e2e.pages.sign_in import SignIn

SCREENSHOTS = Path(__file__).parent / "screenshots"
DRAWN = """() => {
    const waiting = document.querySelector(".leaflet-tile:not(.leaflet-tile-loaded)");
    return !waiting && [...document.querySelectorAll(".leaflet-tile-loaded")].some((tile) => {
        const points = tile.getContext("2d").getImageData(0, 0, tile.width, tile.height).data;
        return points.some((value) => value > 0);
    });
}"""
KEPT = "async () => (await (await caches.open('citygrid-map')).keys()).length"


@pytest.fixture
def mapped(served_city: ServedCity, tmp_path: Path, pseudonym_key_file: Path) -> Iterator[ServedCity]:
    settings = Settings(
        _env_file=None,
        state_dir=tmp_path,
        database_owner_dsn=served_city.database.owner,
        database_sinks_dsn=served_city.database.sinks,
        database_api_dsn=served_city.database.api,
        database_doors_dsn=served_city.database.doors,
        pseudonym_key_file=pseudonym_key_file,
        base_map=base_map(tmp_path / "demo.pmtiles", 11),
    )
    with serving(settings) as url:
        yield ServedCity(url, served_city.database, served_city.here, served_city.there)


def has_streets(page: Page) -> None:
    page.wait_for_function(DRAWN)
    assert "Sample map" in page.locator("[data-test=attribution]").inner_text()


@pytest.mark.parametrize(("name", "size"), [("desk", CENTRE), ("tablet", TABLET), ("phone", PHONE)])
def test_the_centre_sees_streets_under_its_areas(mapped: ServedCity, name: str, size: tuple[int, int]) -> None:
    with browsing(mapped.url, size) as browser:
        page = browser.page()
        SignIn(page, mapped.url).as_account("district", mapped.password)
        has_streets(page)
        page.screenshot(path=SCREENSHOTS / f"base-map-centre-{name}.png")


def test_the_tablet_has_its_streets_without_a_network_and_none_after_signing_out(mapped: ServedCity) -> None:
    with browsing(mapped.url, TABLET) as browser:
        page = browser.page()
        SignIn(page, mapped.url).as_account("worker", mapped.password)
        has_streets(page)
        page.wait_for_function("async () => (await caches.keys()).some((name) => name.startsWith('citygrid-pages-'))")
        page.wait_for_function(f"async () => (await ({KEPT})()) > 8")
        page.evaluate("navigator.serviceWorker.ready")
        browser.context.set_offline(True)
        page.reload()
        has_streets(page)
        page.screenshot(path=SCREENSHOTS / "base-map-tablet-offline.png")
        browser.context.set_offline(False)
        page.locator("[data-test=sign-out]").click()
        page.locator("[data-test=name]").wait_for()
        assert page.evaluate("async () => (await caches.keys()).includes('citygrid-map')") is False


@pytest.mark.parametrize(("who", "size"), [("district", CENTRE), ("worker", TABLET), ("worker", PHONE)])
def test_without_a_base_map_pages_draw_their_areas_and_ask_for_no_tile(
    served_city: ServedCity, who: str, size: tuple[int, int]
) -> None:
    with browsing(served_city.url, size) as browser:
        page = browser.page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        SignIn(page, served_city.url).as_account(who, served_city.password)
        if size == PHONE:  # where the map is not shown at once
            page.locator("[data-test=stop]").first.wait_for()
            page.locator(".route-map > button").click()
        page.locator("path.leaflet-interactive").first.wait_for(state="attached")
        assert page.locator("[data-test=attribution]").count() == 0
        assert page.locator(".leaflet-tile").count() == 0
        assert [url for url in asked if "/map/base/" in url] == []
        browser.check()
