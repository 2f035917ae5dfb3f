"""The command centre's page in a crowded city, in Chromium at 1440 × 900: `python -m bench.page`.

How long until the first rows are drawn and how much was sent for it; how long the page stands still, and how late it
is, when 1,000 alerts open at once; whether it keeps its memory when alerts come and go for half an hour.
`bench/latest_page.json` has the last run.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Annotated, Any
from urllib.parse import urlsplit

import psutil
import psycopg
import typer
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console

from bench import crowded
from bench.page_events import Events
from bench.served import READY_S, served
from runtime.settings import CHECKOUT

LATEST = CHECKOUT / "bench" / "latest_page.json"
SIZE = (1440, 900)
SCOPES = {"city": "", "district": crowded.DISTRICT}
SETTLE_MS = 1_500
"""After the stream is live: what the page reads beside it has come by then."""
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
NUMBER = "() => Number(document.querySelector('[data-test=number-open] b').innerText.replace(/[^0-9]/g, ''))"
"""The head's number of open alerts."""
# When the first row was drawn, when one with a given finding was; the longest time between two frames and the longest
# task since `watch`. Times in milliseconds: since the navigation, or since 1970.
LOOKING = """() => {
    const bench = (window.bench = { firstRow: null, seen: {}, wanted: new Set(), longest: 0, task: 0 });
    const drawn = (then) => requestAnimationFrame(() => requestAnimationFrame(() => then(performance.now())));
    const look = () => {
        if (bench.firstRow === null && document.querySelector("[data-test=alert]")) {
            bench.firstRow = NaN;
            drawn((at) => (bench.firstRow = at));
        }
        for (const finding of bench.wanted)
            if (document.querySelector(`[data-test=alert][data-finding="${finding}"]`)) {
                bench.wanted.delete(finding);
                drawn((at) => (bench.seen[finding] = performance.timeOrigin + at));
            }
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true });
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) bench.task = Math.max(bench.task, entry.duration);
    }).observe({ type: "longtask" });
    let before = performance.now();
    const frame = (now) => {
        bench.longest = Math.max(bench.longest, now - before);
        before = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    bench.watch = () => Object.assign(bench, { longest: 0, task: 0 });
    bench.want = (finding) => (bench.wanted.add(finding), look());
}"""
out = Console(soft_wrap=True)


@dataclass
class Centre:
    """Where the pages are, and who may look: a session's token of the city and of a district."""

    url: str
    tokens: dict[str, str]
    browser: Browser
    sinks: str

    @contextmanager
    def page(self, of: str) -> Iterator[Page]:
        """An empty page of a browser that has nothing kept, with that session."""
        context = self.browser.new_context(
            viewport={"width": SIZE[0], "height": SIZE[1]}, timezone_id="Asia/Shanghai", locale="zh-CN"
        )
        context.add_cookies([{"name": "citygrid_session", "value": self.tokens[of], "url": self.url}])
        context.add_init_script(f"({LOOKING})()")
        try:
            yield context.new_page()
        finally:
            context.close()

    def opened(self, page: Page) -> float:
        """Open the centre; seconds until the first rows were drawn. Returns once the stream is live."""
        page.goto(self.url + "/centre.html", wait_until="commit")
        page.wait_for_function("() => window.bench?.firstRow > 0", timeout=READY_S * 1000)
        page.locator("[data-test=stream][data-state=live]").wait_for(timeout=READY_S * 1000)
        return float(page.evaluate("() => window.bench.firstRow")) / 1000


def main(
    loads: Annotated[int, typer.Option(help="how often the page is opened, by a browser that keeps nothing")] = 5,
    flood: Annotated[int, typer.Option(help="alerts that open at once")] = 1_000,
    minutes: Annotated[int, typer.Option(help="for which alerts come and go; 0: not at all")] = 30,
    rate: Annotated[int, typer.Option(help="alerts a second that come or go meanwhile")] = 20,
    history: Annotated[int, typer.Option(help="tasks of history in the city")] = 1_000_000,
) -> None:
    """Time the centre's page. Takes `--minutes` and about three more; needs Chromium and a quiet machine.

    Example: python -m bench.page --minutes 1 --history 20000
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("chromium is not installed: apt-get install chromium fonts-noto-cjk")
    load_before = psutil.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory(prefix="citygrid-page-") as scratch,
        served(Path(scratch), history) as running,
        sync_playwright() as playwright,
    ):
        with psycopg.connect(running.superuser) as admin:
            tokens = {of: crowded.account(admin, of, "command_centre", scope)[1] for of, scope in SCOPES.items()}
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        centre = Centre(f"http://127.0.0.1:{running.port}", tokens, browser, running.stack.dsn("citygrid_sinks"))
        try:
            result = {
                "opened": {of: _opened(centre, of, loads) for of in SCOPES},
                "flood": {of: _flooded(centre, of, flood) for of in SCOPES},
                "steady": _steady(centre, minutes, rate) if minutes else None,
            }
        finally:
            browser.close()
    kept = {
        "day": time.strftime("%Y-%m-%d"), "cores": psutil.cpu_count(), "load_before": round(load_before, 1),
        "size": SIZE, "history": history, **result,
    }  # fmt: skip
    LATEST.write_text(json.dumps(kept, indent=1) + "\n")
    out.print(json.dumps(kept))


def _opened(centre: Centre, of: str, loads: int) -> dict[str, Any]:
    """First rows in seconds, by a browser that keeps nothing and once more by one that was there; what was sent, as it
    was on the wire (bytes)."""
    first, again, sent = [], [], []
    for _ in range(loads):
        with centre.page(of) as page:
            requests: dict[str, str] = {}
            came: dict[str, int] = {"pages": 0, "api": 0}
            network = page.context.new_cdp_session(page)
            network.send("Network.enable")
            network.on("Network.requestWillBeSent", lambda said: requests.update({said["requestId"]: _kind(said)}))  # noqa: B023
            network.on("Network.loadingFinished", lambda said: _add(came, requests, said))  # noqa: B023
            first.append(centre.opened(page))
            page.wait_for_timeout(SETTLE_MS)
            sent.append({**came, "requests": len(requests)})
            network.detach()
            again.append(centre.opened(page))
    return {
        "loads": loads,
        "first_rows_s": round(median(first), 2), "first_rows_max_s": round(max(first), 2),
        "again_s": round(median(again), 2), "again_max_s": round(max(again), 2),
        "bytes": {part: int(median(one[part] for one in sent)) for part in ("pages", "api")},
        "requests": int(median(one["requests"] for one in sent)),
    }  # fmt: skip


def _kind(said: dict[str, Any]) -> str:
    return "api" if urlsplit(said["request"]["url"]).path.startswith("/api/") else "pages"


def _add(came: dict[str, int], requests: dict[str, str], said: dict[str, Any]) -> None:
    if kind := requests.get(said["requestId"]):
        came[kind] += int(said["encodedDataLength"])


def _flooded(centre: Centre, of: str, count: int) -> dict[str, Any]:
    """`count` alerts that stand before the page's others open at once, and after them somebody calls for help."""
    events = Events(centre.sinks, crowded.DISTRICT)
    with centre.page(of) as page:
        centre.opened(page)
        page.wait_for_timeout(SETTLE_MS)
        before = page.evaluate(NUMBER)
        page.evaluate("() => window.bench.watch()")
        told_at = events.flood(count)
        last, last_told_at = events.call()
        page.evaluate("finding => window.bench.want(finding)", last)
        page.wait_for_function("finding => window.bench.seen[finding]", arg=last, timeout=READY_S * 1000)
        seen_at = page.evaluate("finding => window.bench.seen[finding]", last) / 1000
        page.wait_for_function(f"number => ({NUMBER})() === number", arg=before + count + 1, timeout=READY_S * 1000)
        settled_at = time.time()
        page.wait_for_timeout(SETTLE_MS)
        watched = page.evaluate("() => ({ longest: window.bench.longest, task: window.bench.task })")
    events.close()
    return {
        "alerts": count,
        "longest_between_frames_ms": round(watched["longest"]),
        "longest_task_ms": round(watched["task"]),
        "last_shown_s": round(seen_at - told_at, 2),
        "call_shown_s": round(seen_at - last_told_at, 2),
        "numbers_right_s": round(settled_at - told_at, 1),
    }


def _steady(centre: Centre, minutes: int, rate: int) -> dict[str, Any]:
    """What the page holds, each minute, while alerts come and go: megabytes of JavaScript that are in use, nodes,
    listeners."""
    events, stopping = Events(centre.sinks, crowded.DISTRICT), threading.Event()
    writing = threading.Thread(target=events.steadily, args=(rate, stopping), name="events", daemon=True)
    held: list[dict[str, float]] = []
    with centre.page("district") as page:
        centre.opened(page)
        looking = page.context.new_cdp_session(page)
        page.evaluate("() => window.bench.watch()")
        writing.start()
        for minute in range(minutes):
            page.wait_for_timeout(60_000)
            if not writing.is_alive():
                raise SystemExit("The events ended; what their thread said stands above.")
            looking.send("HeapProfiler.collectGarbage")
            dom = looking.send("Memory.getDOMCounters")
            used = looking.send("Runtime.getHeapUsage")["usedSize"] / 1e6
            held.append({"heap_mb": round(used, 1), "nodes": dom["nodes"], "listeners": dom["jsEventListeners"]})
            out.print(f"minute {minute + 1}: {json.dumps(held[-1])}")
        longest = page.evaluate("() => window.bench.longest")
        stopping.set()
        writing.join(READY_S)
    events.close()
    quarter = max(1, len(held) // 4)
    return {
        "minutes": minutes,
        "events_per_s": rate,
        **{
            f"{name}_{part}_quarter": round(mean(one[name] for one in some), 1)
            for name in ("heap_mb", "nodes", "listeners")
            for part, some in (("first", held[:quarter]), ("last", held[-quarter:]))
        },
        "longest_between_frames_ms": round(longest),
        "held": held,
    }


if __name__ == "__main__":
    typer.run(main)
