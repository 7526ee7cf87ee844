"""What a trace tells of a request, named after OpenTelemetry's conventions for generative AI.

A span for the request, and in it one for the retrieval and one for the reading, made when they have
ended. Without `traces_url` the tracer is the API's own that does nothing. Knows values; knows
neither HTTP frameworks nor models.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from opentelemetry.trace import NoOpTracer, Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from reread.errors import BadRequest

SYSTEM = "reread"  # gen_ai.provider.name


@dataclass(frozen=True, slots=True)
class Tracing:
    tracer: Tracer = NoOpTracer()
    with_questions: bool = False  # the conventions: texts only where somebody asked for them

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Span]:
        """The span around a request; goes on with the caller's trace where one is named."""
        above = TraceContextTextMapPropagator().extract(headers)
        with self.tracer.start_as_current_span(
            method, above, SpanKind.SERVER, {"http.request.method": method}
        ) as span:
            yield span

    def searched(
        self,
        *,
        question: str,
        top_k: int,
        generation: int | None,
        found: Sequence[tuple[str, float | None]],  # a passage's id and score, best first
        embed_ms: float,
        search_ms: float,
    ) -> None:
        """A retrieval that has just ended."""
        documents = [{"id": id, "score": score} for id, score in found]
        source = f"generation {generation}"
        ended_ns = time.time_ns()
        attributes: dict[str, str | int | float] = {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.provider.name": SYSTEM,
            "gen_ai.data_source.id": source,
            "gen_ai.retrieval.top_k": top_k,
            "gen_ai.retrieval.documents": json.dumps(documents),
            "reread.embed_ms": embed_ms,
            "reread.search_ms": search_ms,
        }
        if self.with_questions:
            attributes["gen_ai.retrieval.query.text"] = question
        self._note(f"retrieval {source}", attributes, ended_ns, embed_ms + search_ms)

    def read(
        self,
        *,
        reader: str,
        answer_id: str,
        found: bool,
        confidence: float,
        entropy: float,
        spent_ms: float,
        first_ms: float | None,  # None: not streamed
    ) -> None:
        """A reading that has just ended; its answer is in the log under this id."""
        attributes: dict[str, str | int | float] = {
            "gen_ai.operation.name": "text_completion",
            "gen_ai.provider.name": SYSTEM,
            "gen_ai.request.model": reader,
            "gen_ai.response.id": answer_id,
            "gen_ai.request.stream": first_ms is not None,
            "reread.found": found,
            "reread.confidence": confidence,
            "reread.attention.entropy": entropy,
        }
        if first_ms is not None:
            attributes["gen_ai.response.time_to_first_chunk"] = first_ms / 1000
        self._note(f"text_completion {reader}", attributes, time.time_ns(), spent_ms)

    def _note(
        self,
        name: str,
        attributes: Mapping[str, str | int | float],
        ended_ns: int,
        spent_ms: float,
    ) -> None:
        began_ns = ended_ns - int(spent_ms * 1e6)
        span = self.tracer.start_span(name, attributes=attributes, start_time=began_ns)
        span.end(ended_ns)


def describe(span: Span, method: str, route: str, request_id: str, status: int) -> None:
    """What is known of a request once it was answered."""
    if not span.is_recording():
        return
    span.update_name(f"{method} {route}")
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("reread.request_id", request_id)
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))


@contextmanager
def traced_to(url: str | None, *, with_questions: bool = False) -> Iterator[Tracing]:
    """Send spans to an OTLP endpoint over HTTP; what is left is sent at the end.

    A collector that is away costs nothing but its spans: they are sent by a thread of their own.
    """
    if url is None:
        yield Tracing()
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise BadRequest(
            f"Traces are to go to {url} and OpenTelemetry is not installed ({error}): "
            "pip install 'reread[traces]', or leave traces_url out."
        ) from error
    about = Resource.create({"service.name": SYSTEM, "service.version": own_version()})
    provider = TracerProvider(resource=about, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    try:
        yield Tracing(provider.get_tracer(SYSTEM), with_questions)
    finally:
        provider.shutdown()


def own_version() -> str:
    try:
        return version("reread")
    except PackageNotFoundError:
        return "source"
