"""A call of a plugin's backend, in the trace of whoever asks for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from plexica.core.observe.tracing import Role, span, trace_headers


@contextmanager
def call_traced(plugin: str, version: str, method: str) -> Iterator[dict[str, str]]:
    """Run a call within a span of its own; what it yields are headers for the backend."""
    with span("plugin", Role.CLIENT, plugin=plugin, version=version, method=method):
        yield trace_headers()
