"""The pages as one version: compressed, kept for good, and on a tablet of one version whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from processes.api_server import pages, site, words_module
from runtime.settings import Settings
from tests.e2e import conftest
from tests.e2e.conftest import ServedCity
from tests.e2e.pages.accessible import assert_accessible
from tests.e2e.pages.browser import CENTRE, PHONE, TABLET
from tests.e2e.test_pages_records import signed_in
from tests.e2e.test_pages_shifts import SCREENSHOTS
from web.assets import STATIC
from web.bundle import Bundle, File, bundle

VERSIONS = """() => [...new Set(performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)
    .filter((path) => path.startsWith('/v/')).map((path) => path.split('/')[2]))]"""


class Counted(dict[str, File]):
    """Files that say which of them were asked for."""

    def __init__(self, files: Mapping[str, File]) -> None:
        super().__init__(files)
        self.asked: set[str] = set()

    def get(self, path: str, default: Any = None) -> Any:
        self.asked.add(path)
        return super().get(path, default)


class Deployment:
    """What the server serves now; `deploy` changes it while browsers hold what they have."""

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.site: Any = None

    def build(self, settings: Settings) -> Any:
        self.settings, self.site = settings, site(settings, bundle(words_module()))
        return self.site

    def deploy(self, release: Bundle) -> None:
        assert self.settings is not None
        self.site._pages = pages(self.settings, release)  # as a new process on the same port


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Deployment:
    made = Deployment()
    monkeypatch.setattr(conftest, "site", made.build)
    return made


@pytest.fixture
def deployed(deployment: Deployment, request: pytest.FixtureRequest) -> ServedCity:
    served: ServedCity = request.getfixturevalue("served_city")
    return served


@pytest.fixture
def newer(tmp_path: Path) -> Bundle:
    """The next version: two modules say so, all others are as they were."""
    folder = tmp_path / "static"
    shutil.copytree(STATIC, folder)
    for name in ("app/time.js", "pages/worker.js"):
        file = folder / name
        file.write_text(f"{file.read_text('utf-8')}\n(globalThis.newer ??= []).push('{name}');\n", "utf-8")
    return bundle(words_module(), folder)


def reloaded(page: Page) -> list[str]:
    """The versions of all modules and styles that the page runs with after it was loaded anew."""
    page.reload()
    page.locator("[data-test=stop]").first.wait_for()
    versions: list[str] = page.evaluate(VERSIONS)
    return versions


def kept(page: Page) -> list[str]:
    names: list[str] = page.evaluate("caches.keys()")
    return names


def wait_until_kept(page: Page, version: str) -> None:
    """Until the service worker of this version has taken over."""
    page.evaluate(
        """async (version) => {
            for (let turn = 0; turn < 300; turn++) {
                const one = await navigator.serviceWorker.getRegistration();
                const whole = (await caches.keys()).includes(`citygrid-pages-${version}`);
                if (whole && one?.active?.state === 'activated' && !one.installing && !one.waiting) return;
                await new Promise((done) => setTimeout(done, 50));
            }
            throw new Error(`version ${version} was not taken over`);
        }""",
        version,
    )


def test_a_deployment_meets_a_tablet_with_the_version_before(
    deployed: ServedCity, deployment: Deployment, newer: Bundle
) -> None:
    before = bundle(words_module())
    assert before.version != newer.version
    with signed_in(deployed, "worker", size=TABLET) as (browser, page):
        page.locator("[data-test=stop]").first.wait_for()
        wait_until_kept(page, before.version)
        assert reloaded(page) == [before.version]

        # Half of the new version arrives: one module is still that of the version before, as behind a stale proxy.
        half = {**newer.files, "/app/time.js": before.files["/app/time.js"]}
        deployment.deploy(replace(newer, files=half))
        refused = page.evaluate(
            "navigator.serviceWorker.getRegistration().then((one) => one.update()).then("
            "(one) => new Promise((done) => { const worker = one.installing;"
            " worker ? worker.addEventListener('statechange', () => done(worker.state)) : done('none'); }))"
        )
        assert refused == "redundant"
        assert kept(page) == [f"citygrid-pages-{before.version}"], "nothing of what was not whole"
        assert reloaded(page) == [before.version]
        assert page.evaluate("globalThis.newer") is None
        browser.context.set_offline(True)
        assert reloaded(page) == [before.version]
        browser.context.set_offline(False)
        browser.faults.clear()  # the console names the content that was refused

        # The whole of it: taken over, and all modules are of it, also without a network.
        counted = Counted(newer.files)
        deployment.deploy(replace(newer, files=counted))
        page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update())")
        wait_until_kept(page, newer.version)
        assert reloaded(page) == [newer.version]
        assert sorted(page.evaluate("globalThis.newer")) == ["app/time.js", "pages/worker.js"]
        changed = {path for path, file in newer.files.items() if file.sha256 != before.files[path].sha256}
        assert changed == {"/app/time.js", "/pages/worker.js"}
        # The browser may have the other one from before; what did not change is taken from the version before.
        assert {"/app/time.js"} <= counted.asked <= changed
        browser.context.set_offline(True)
        assert reloaded(page) == [newer.version]
        browser.context.set_offline(False)
        assert set(kept(page)) == {f"citygrid-pages-{one.version}" for one in (before, newer)}


def test_storage_is_asked_to_stay(deployed: ServedCity) -> None:
    with signed_in(deployed, "worker", size=TABLET) as (browser, _):
        page = browser.page()
        page.add_init_script(
            "navigator.storage.persist = () => { globalThis.asked = true; return Promise.resolve(true); }"
        )
        page.goto(f"{deployed.url}/worker.html")
        page.locator("[data-test=stop]").first.wait_for()
        assert page.evaluate("globalThis.asked") is True


def test_the_centre_loads_compressed_once_and_then_only_the_page(deployed: ServedCity) -> None:
    with signed_in(deployed, "district") as (_, page):
        page.locator("[data-test=alert]").first.wait_for()
        transferred = "performance.getEntriesByType('resource').filter((one) => one.name.includes('/v/'))"
        page.reload()
        page.locator("[data-test=alert]").first.wait_for()
        assert page.evaluate(f"{transferred}.length") > 40
        assert page.evaluate(f"{transferred}.reduce((sum, one) => sum + one.transferSize, 0)") == 0
        assert page.evaluate(VERSIONS) == [bundle(words_module()).version]


@pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
def test_a_file_is_served_as_the_browser_takes_it(deployed: ServedCity, encoding: str) -> None:
    made = bundle(words_module())
    whole = made.files["/lib/vue.js"].content
    with httpx.Client(base_url=deployed.url, headers={"accept-encoding": encoding}) as client:
        with client.stream("GET", f"/v/{made.version}/lib/vue.js") as answer:
            raw = b"".join(answer.iter_raw())
        assert answer.headers.get("content-encoding") == (None if encoding == "identity" else encoding)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert len(raw) <= (len(whole) if encoding == "identity" else len(whole) // 2)
        page = client.get("/centre.html")
        assert page.headers["cache-control"] == "no-cache"
        again = client.get("/centre.html", headers={"if-none-match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get("/v/0123456789abcdef/lib/vue.js").status_code == 404, "never this version's in its place"
        assert client.get("/v/0123456789abcdef/lib/vue.js").headers["cache-control"] != answer.headers["cache-control"]
        assert client.get("/../pyproject.toml").status_code == 404


@pytest.mark.parametrize(("who", "size"), [("worker", PHONE), ("worker", TABLET), ("district", CENTRE)])
def test_a_page_that_is_open_says_that_there_is_a_new_version_and_loads_it_when_told(
    deployed: ServedCity, deployment: Deployment, newer: Bundle, who: str, size: tuple[int, int]
) -> None:
    before = bundle(words_module())
    look = "document.dispatchEvent(new Event('visibilitychange'))"
    with signed_in(deployed, who, size=size) as (browser, page):
        page.locator("[data-test=stop], [data-test=alert]").first.wait_for()
        if who == "worker":
            wait_until_kept(page, before.version)
        with page.expect_response("**/version.json"):
            page.evaluate(look)
        assert page.locator("[data-test=release]").count() == 0, "it is the newest"
        deployment.deploy(newer)
        page.evaluate(look)
        page.locator("[data-test=release]").wait_for()
        assert_accessible(page)
        page.screenshot(path=SCREENSHOTS / f"release-{who}-{size[0]}.png")
        assert page.evaluate("globalThis.newer") is None, "nobody's typing is cut off"
        with page.expect_navigation(wait_until="load", timeout=40_000):
            page.locator("[data-test=release-load]").click()
        page.locator("[data-test=stop], [data-test=alert]").first.wait_for()
        assert page.evaluate(VERSIONS) == [newer.version]
        with page.expect_response("**/version.json"):
            page.evaluate(look)
        assert page.locator("[data-test=release]").count() == 0
        browser.check()
