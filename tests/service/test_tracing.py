"""Traces as a collector gets them: a real one's protocol, over HTTP, from a real service."""

import json
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from reread.errors import BadRequest
from service.settings import ServiceSettings
from service.tracing import Tracing, describe
from tests.worlds.fakes import Shelf, WordGeneration
from tests.worlds.serving import running

ROOT = Path(__file__).parents[2]
TRACE, ABOVE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALLER = {"traceparent": f"00-{TRACE}-{ABOVE}-01", "X-Request-ID": "asked-by-a-test"}

WITHOUT = """
import sys, pytest
sys.modules["opentelemetry.exporter.otlp.proto.http.trace_exporter"] = None  # as if not installed
from reread.errors import BadRequest
from service.tracing import traced_to
with traced_to(None):
    pass  # the remedy's second half
with pytest.raises(BadRequest) as refusal, traced_to("http://127.0.0.1:9/v1/traces"):
    pass
print(refusal.value)
"""


class Collector:
    """Keeps what is sent to it."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.services: set[str] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing on the tests' screen."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/traces"

    def take(self, sent: Any) -> None:
        for of_service in sent.resource_spans:
            self.services.add(attributes_of(of_service.resource)["service.name"])
            self.spans += [one for scope in of_service.scope_spans for one in scope.spans]

    def named(self, start: str) -> list[Any]:
        return [one for one in self.spans if one.name.startswith(start)]


def attributes_of(holder: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in holder.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    thread = threading.Thread(target=found.server.serve_forever)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    shelf.publish(1, WordGeneration(1))
    return shelf


def test_a_request_is_a_trace_of_what_was_done(
    tmp_path: Path, shelf: Shelf, collector: Collector
) -> None:
    with running(tmp_path, shelf, traces_url=collector.url) as service:
        body = {"question": "wells of town 3", "top_k": 4}
        answer = service.client.post("/answer", json=body, headers=CALLER).json()
        streamed = service.ask(stream=True)
        assert streamed.status_code == 200
        service.client.get("/nowhere")
    [asked, followed] = collector.named("POST /answer")
    assert (asked.trace_id.hex(), asked.parent_span_id.hex(), asked.kind) == (TRACE, ABOVE, 2)
    told = attributes_of(asked)
    assert told["http.response.status_code"] == 200 and told["http.route"] == "/answer"
    assert told["reread.request_id"] == "asked-by-a-test"

    searched, streamed_search = collector.named("retrieval generation 1")
    assert (searched.trace_id, searched.parent_span_id) == (asked.trace_id, asked.span_id)
    found = attributes_of(searched)
    assert (found["gen_ai.operation.name"], found["gen_ai.retrieval.top_k"]) == ("retrieval", 4)
    documents = json.loads(found["gen_ai.retrieval.documents"])
    assert [(one["id"], one["score"]) for one in documents] == [
        (one["id"], one["retrieval_score"]) for one in answer["passages"]
    ]
    assert "gen_ai.retrieval.query.text" not in found
    assert attributes_of(streamed_search)["gen_ai.retrieval.top_k"] == 10  # the setting's

    read, streamed_read = collector.named(f"text_completion {answer['reader']}")
    assert read.parent_span_id == asked.span_id
    assert streamed_read.parent_span_id == followed.span_id
    assert asked.start_time_unix_nano <= read.start_time_unix_nano <= read.end_time_unix_nano
    about = attributes_of(read)
    assert about["gen_ai.response.id"] == answer["id"]
    assert about["gen_ai.request.model"] == answer["reader"]
    assert about["reread.confidence"] == pytest.approx(answer["confidence"])
    assert 0 < about["reread.attention.entropy"] <= 1
    assert "gen_ai.response.time_to_first_chunk" not in about
    assert attributes_of(streamed_read)["gen_ai.response.time_to_first_chunk"] > 0
    assert attributes_of(collector.named("GET unmatched")[0])["http.response.status_code"] == 404
    assert collector.services == {"reread"}


def test_questions_are_told_only_where_that_was_asked_for(
    tmp_path: Path, shelf: Shelf, collector: Collector
) -> None:
    with running(tmp_path, shelf, traces_url=collector.url, trace_questions=True) as service:
        service.ask()
    [searched] = collector.named("retrieval")
    assert attributes_of(searched)["gen_ai.retrieval.query.text"] == "wells of town 3"


def test_a_collector_that_is_away_costs_no_answer(tmp_path: Path, shelf: Shelf) -> None:
    with running(tmp_path, shelf, traces_url="http://127.0.0.1:9/v1/traces") as service:
        assert service.ask().status_code == 200


@pytest.fixture
def kept() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(kept: InMemorySpanExporter) -> Tracing:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    return Tracing(provider.get_tracer("a test"))


def test_a_span_is_as_long_as_what_it_tells_of(
    tracing: Tracing, kept: InMemorySpanExporter
) -> None:
    """Milliseconds are told as nanoseconds of a span and, of the first piece, as seconds."""
    tracing.searched(
        question="q", top_k=1, generation=1, found=[("p", 0.5)], embed_ms=30.0, search_ms=12.5
    )
    tracing.read(
        reader="echo", answer_id="a", found=False, confidence=0.1, entropy=0.2,
        spent_ms=250.0, first_ms=40.0,
    )  # fmt: skip
    searched, read = kept.get_finished_spans()
    assert searched.end_time - searched.start_time == 42_500_000
    assert read.end_time - read.start_time == 250_000_000
    assert read.attributes["gen_ai.response.time_to_first_chunk"] == 0.04
    assert read.attributes["gen_ai.request.stream"] is True
    assert read.attributes["reread.found"] is False


@pytest.mark.parametrize(
    ("status", "told"),
    [(200, "UNSET"), (404, "UNSET"), (499, "UNSET"), (500, "ERROR"), (503, "ERROR")],
)
def test_only_what_the_service_failed_at_is_an_error(
    tracing: Tracing, kept: InMemorySpanExporter, status: int, told: str
) -> None:
    with tracing.request("POST", {}) as span:
        describe(span, "POST", "/answer", "asked-by-a-test", status)
    [one] = kept.get_finished_spans()
    assert (one.name, one.status.status_code) == ("POST /answer", StatusCode[told])
    assert one.attributes["http.response.status_code"] == status


@pytest.mark.parametrize("url", ["collector:4318", "", "none"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Defect: it said to give none; "none", and nothing between quotes, were refused again."""
    with pytest.raises(BadRequest, match=f"traces_url is '{url}'; give an address") as refusal:
        ServiceSettings(traces_url=url)
    [shown] = re.findall(r"http\S+(?=,)", str(refusal.value))
    assert ServiceSettings(traces_url=shown).traces_url == shown
    assert str(refusal.value).endswith(", or leave it out.")
    assert ServiceSettings().traces_url is None


def test_a_library_that_is_absent_is_named_with_the_way_to_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "OpenTelemetry is not installed" in done.stdout
    assert done.stdout.endswith("pip install 'reread[traces]', or leave traces_url out.\n")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {one.split(">")[0] for one in project["optional-dependencies"]["traces"]}
    assert named == {"opentelemetry-exporter-otlp-proto-http", "opentelemetry-sdk"}
