"""Which events are traced, what that costs the others, and that an exporter is told or its failure counted."""

from __future__ import annotations

import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from runtime.settings import CHECKOUT, Settings, SettingsRefused, load
from runtime.traces import file_of, traces_of

EVENT = "0a1b2c3d-0000-5000-8000-000000000000"
PROGRAM = f"""
import atexit, sys
from runtime.metrics import TRACE_SPANS
from runtime.settings import Settings
from runtime.traces import traces_of

counts = lambda: [(s.labels["outcome"], s.value) for s in TRACE_SPANS.collect()[0].samples if s.name.endswith("_total")]
atexit.register(lambda: print(counts()))
traces = traces_of(Settings(_env_file=None), "door")
if traces is not None:
    traces.sending("police.household-registration", "{EVENT}", "cn.citygrid.police.Death").end()
print(any(name.startswith("opentelemetry") for name in sys.modules))
"""


def settings(folder: Path, ratio: float) -> Settings:
    return Settings(_env_file=None, trace_sample=ratio, trace_file=folder / "traces.jsonl")


def test_an_event_is_chosen_by_its_id_in_the_share_that_was_asked_for(tmp_path: Path) -> None:
    ids = [str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))) for number in range(20_000)]
    few, more, all_of_them = (traces_of(settings(tmp_path, ratio), "door") for ratio in (0.01, 0.1, 1.0))
    assert few is not None
    assert more is not None
    assert all_of_them is not None
    assert 0.008 < sum(map(few.chosen, ids)) / len(ids) < 0.012
    assert {event_id for event_id in ids if few.chosen(event_id)} < {
        event_id for event_id in ids if more.chosen(event_id)
    }
    assert all(map(all_of_them.chosen, ids))


def test_nothing_is_traced_without_an_exporter_or_with_a_share_of_none(tmp_path: Path) -> None:
    assert traces_of(Settings(_env_file=None), "door") is None
    assert traces_of(settings(tmp_path, 0), "door") is None
    assert Settings(_env_file=None).trace_sample == 0.01
    assert file_of(Path("/logs/traces.jsonl"), "stage-resident") == Path("/logs/traces.stage-resident.jsonl")


@pytest.mark.parametrize(
    ("name", "value"),
    [("CITYGRID_TRACE_SAMPLE", "1.5"), ("CITYGRID_TRACE_SAMPLE", "-1"), ("CITYGRID_OTLP_ENDPOINT", "collector:4318")],
)
def test_a_mistake_in_the_settings_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    monkeypatch.setenv("CITYGRID_STATE_DIR", str(tmp_path))
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsRefused, match=name):
        load()


@contextmanager
def collector(status: int) -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OTLP/HTTP collector that answers with `status`: its address, and what it was sent."""
    received: list[ExportTraceServiceRequest] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not news."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(**environment: str) -> list[str]:
    """What PROGRAM prints in a process of its own."""
    variables = {"PYTHONPATH": str(CHECKOUT), "CITYGRID_TRACE_SAMPLE": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=variables, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()


def test_a_collector_has_the_spans_when_the_process_has_ended() -> None:
    with collector(200) as (address, received):
        assert run(CITYGRID_OTLP_ENDPOINT=address) == ["True", "[('exported', 1.0)]"]
    (sent,) = received
    resource = {attribute.key: attribute.value.string_value for attribute in sent.resource_spans[0].resource.attributes}
    assert (resource["service.namespace"], resource["service.name"]) == ("citygrid", "door")
    (span,) = sent.resource_spans[0].scope_spans[0].spans
    assert span.name == "send police.household-registration"
    assert {attribute.key: attribute.value.string_value for attribute in span.attributes}[
        "cloudevents.event_id"
    ] == EVENT


def test_what_a_collector_refuses_is_counted_and_the_process_goes_on() -> None:
    with collector(400) as (address, _):
        assert run(CITYGRID_OTLP_ENDPOINT=address) == ["True", "[('failed', 1.0)]"]


def test_a_process_that_traces_nothing_does_not_even_import_opentelemetry() -> None:
    assert run() == ["False", "[]"]
