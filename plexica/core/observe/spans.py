"""Spans as OpenTelemetry has them, and what of them leaves the process.

Loaded only where the settings name a collector.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic

from django.conf import settings
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.trace.status import Status, StatusCode
from opentelemetry.util.types import Attributes

from plexica.core.observe import tracing

EXPORT_SECONDS = 3
AWAY_SECONDS = 10.0
MAX_QUEUE = 2048
MAX_BATCH = 512
DELAY_MS = 2000

# What is told, and as what. Nothing else leaves: an address has queries, SQL has values, the
# message of an exception has both.
NAMES = {
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "site": "plexica.site",
    "request_id": "plexica.request_id",
    "task_id": "plexica.task_id",
    "tenant": "plexica.tenant",
    "task": "plexica.task",
    "event": "plexica.event",
    "plugin": "plexica.plugin",
    "version": "plexica.version",
    "statement": "db.operation.name",
}
# The same of the instrumentation of `requests`, and the type of an exception.
_OTHERS = ("http.method", "http.status_code", "server.address", "error.type")
ALLOWED = frozenset({*NAMES.values(), *_OTHERS})
_OF_EXCEPTIONS = "exception.type"

_KINDS = {
    tracing.Role.SERVER: trace.SpanKind.SERVER,
    tracing.Role.CLIENT: trace.SpanKind.CLIENT,
    tracing.Role.CONSUMER: trace.SpanKind.CONSUMER,
    tracing.Role.INTERNAL: trace.SpanKind.INTERNAL,
}


class FilteringExporter(SpanExporter):
    """Hands spans on with what may be told of them, and nothing else.

    A collector that has failed is left alone for a while, and what comes meanwhile is dropped, so
    that neither it nor the end of this process has to do with what could not be sent.
    """

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self._away_until = 0.0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; see `SpanExporter`."""
        if monotonic() < self._away_until:
            return SpanExportResult.FAILURE
        result = self._inner.export([_filtered(each) for each in spans])
        if result != SpanExportResult.SUCCESS:
            self._away_until = monotonic() + AWAY_SECONDS
        return result

    def shutdown(self) -> None:
        """Send no more."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is left."""
        return self._inner.force_flush(timeout_millis)


class Spans:
    """The spans of this process."""

    def __init__(self, program: str) -> None:
        self._provider = TracerProvider(
            resource=Resource(
                {"service.name": f"plexica-{program}", "service.version": settings.PLEXICA_VERSION}
            ),
            sampler=ParentBased(TraceIdRatioBased(settings.PLEXICA_TRACE_RATIO)),
            span_limits=SpanLimits(max_span_attributes=32, max_events=4, max_links=4),
        )
        exporter = OTLPSpanExporter(
            endpoint=settings.PLEXICA_TRACE_ENDPOINT, timeout=EXPORT_SECONDS
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                FilteringExporter(exporter),
                max_queue_size=MAX_QUEUE,
                max_export_batch_size=MAX_BATCH,
                schedule_delay_millis=DELAY_MS,
            )
        )
        self._tracer = self._provider.get_tracer("plexica")
        self._propagator = TraceContextTextMapPropagator()
        RequestsInstrumentor().instrument(tracer_provider=self._provider)

    @contextmanager
    def span(
        self, name: str, role: tracing.Role, parent: str | None, facts: Mapping[str, str]
    ) -> Iterator[None]:
        """Run a block within a span; see `tracing.span`."""
        with self._tracer.start_as_current_span(
            name,
            context=self._context_of(parent),
            kind=_KINDS[role],
            attributes=_attributes(tracing.bound() | dict(facts)),
        ):
            yield

    def is_recording(self) -> bool:
        """Return whether the present span is one that is sent."""
        return trace.get_current_span().is_recording()

    def note(self, facts: Mapping[str, str]) -> None:
        """Tell more in the present span."""
        trace.get_current_span().set_attributes(_attributes(facts))

    def rename(self, name: str, *, has_failed: bool) -> None:
        """Call the present span by what is known of it now, and say whether that failed."""
        present = trace.get_current_span()
        present.update_name(name)
        if has_failed:
            present.set_status(StatusCode.ERROR)

    def carried(self) -> str:
        """Return the `traceparent` of the present span."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get(tracing.TRACE_HEADER, "")

    def trace_id(self) -> str:
        """Return the id of the present trace; empty while there is none."""
        found = trace.get_current_span().get_span_context()
        return trace.format_trace_id(found.trace_id) if found.is_valid else ""

    def end(self) -> None:
        """Send what is left, and no more."""
        RequestsInstrumentor().uninstrument()
        self._provider.shutdown()

    def _context_of(self, parent: str | None) -> context.Context | None:
        if parent is None:
            return None
        return self._propagator.extract({tracing.TRACE_HEADER: parent}, context=context.Context())


def _attributes(facts: Mapping[str, str]) -> dict[str, str]:
    return {NAMES[name]: value for name, value in facts.items()}


def _only(attributes: Attributes, names: frozenset[str]) -> Attributes:
    return {name: value for name, value in (attributes or {}).items() if name in names}


def _filtered(span: ReadableSpan) -> ReadableSpan:
    events = [
        Event(
            event.name,
            _only(event.attributes, frozenset({_OF_EXCEPTIONS})),
            event.timestamp,
        )
        for event in span.events
    ]
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_only(span.attributes, ALLOWED),
        events=events,
        links=span.links,
        kind=span.kind,
        # Without the description, which is the exception's message.
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
