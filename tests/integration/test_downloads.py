"""Downloads over real HTTP: continued where they stopped, whole or not there, refused if not the pinned file."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local.stack.downloads import DownloadFailed, Pinned, fetch, missing

CONTENT = bytes(range(256)) * 4_096
FILE = Pinned("kafka", "city.grid", "jar", "1", "", "jar", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


class Repository(ThreadingHTTPServer):
    """A Maven repository of one file; `breaks_after` ends the next answers early, a byte count each."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.content = CONTENT
        self.breaks_after: list[int] = []
        self.asked_from: list[int] = []


class Answer(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.server.asked_from.append(begin)
        body = self.server.content[begin:]
        self.send_response(HTTPStatus.PARTIAL_CONTENT if begin else HTTPStatus.OK)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.breaks_after.pop(0)] if self.server.breaks_after else body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Repository]:
    with Repository() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        configuration = tmp_path / "jgo.conf"
        configuration.write_text(f"[repositories]\nhere = http://127.0.0.1:{server.server_address[1]}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(configuration))
        yield server
        server.shutdown()


def test_an_interrupted_download_goes_on_where_it_stopped(repository: Repository, tmp_path: Path) -> None:
    repository.breaks_after = [300_000]
    reports: list[int] = []
    fetch([FILE], tmp_path / "cache", reports.append)
    assert (tmp_path / "cache" / FILE.path).read_bytes() == CONTENT
    assert repository.asked_from[0] == 0
    assert 0 < repository.asked_from[1] <= 300_000
    assert len(repository.asked_from) == 2
    fetch([FILE], tmp_path / "cache")
    assert len(repository.asked_from) == 2


def test_a_file_that_is_not_the_pinned_one_is_refused_and_not_kept(repository: Repository, tmp_path: Path) -> None:
    repository.content = CONTENT[:-1] + b"!"
    with pytest.raises(DownloadFailed, match="not the pinned file"):
        fetch([FILE], tmp_path / "cache")
    assert missing([FILE], tmp_path / "cache") == [FILE]
    repository.content = CONTENT
    fetch([FILE], tmp_path / "cache")
    assert missing([FILE], tmp_path / "cache") == []
