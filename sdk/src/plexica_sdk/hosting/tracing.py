"""Traces: the host's go on here, where it has given this backend a collector.

While it has not, nothing of OpenTelemetry is loaded. No trace begins here: only what the host
traces is.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from plexica_sdk.hosting.environment import Backend, this_backend

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

TRACE_HEADER = "traceparent"
EXPORT_SECONDS = 3
MAX_QUEUE = 512
DELAY_MS = 2000

logger = logging.getLogger("plexica.tracing")


class _Continues(Protocol):
    def __call__(self, parent: str, name: str, request_id: str) -> AbstractContextManager[None]: ...


def traced(parent: str, name: str, *, request_id: str) -> AbstractContextManager[None]:
    """Return the span of a request that the host has sent.

    Args:
        parent: The header `traceparent` of the request; empty where it is not traced.
        name: What it is called.
        request_id: The request's id.
    """
    continues = _tracer() if parent else None
    return nullcontext() if continues is None else continues(parent, name, request_id)


@lru_cache(maxsize=1)
def _tracer() -> _Continues | None:
    backend = this_backend()
    if not backend.trace_endpoint:
        return None
    try:
        return _begin(backend)
    except ImportError:
        logger.warning("There are no traces: plexica-sdk is installed without its extra `tracing`.")
        return None


def _begin(backend: Backend) -> _Continues:
    from opentelemetry import context  # noqa: PLC0415 (an extra, and it costs memory)
    from opentelemetry.trace import SpanKind  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
        TraceContextTextMapPropagator,
    )

    tracer = _provider(backend).get_tracer("plexica_sdk")
    propagator = TraceContextTextMapPropagator()

    @contextmanager
    def continues(parent: str, name: str, request_id: str) -> Iterator[None]:
        with tracer.start_as_current_span(
            name,
            context=propagator.extract({TRACE_HEADER: parent}, context=context.Context()),
            kind=SpanKind.SERVER,
            attributes={"plexica.request_id": request_id},
            # What an exception says may be anybody's data.
            record_exception=False,
            set_status_on_exception=False,
        ):
            yield

    return continues


def _provider(backend: Backend) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 (as above)
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased  # noqa: PLC0415

    provider = TracerProvider(
        resource=Resource(
            {"service.name": f"plugin-{backend.plugin}", "service.version": backend.version}
        ),
        sampler=ParentBased(ALWAYS_OFF),
    )
    exporter = OTLPSpanExporter(endpoint=backend.trace_endpoint, timeout=EXPORT_SECONDS)
    provider.add_span_processor(
        BatchSpanProcessor(
            exporter,
            max_queue_size=MAX_QUEUE,
            max_export_batch_size=MAX_QUEUE,
            schedule_delay_millis=DELAY_MS,
        )
    )
    return provider
