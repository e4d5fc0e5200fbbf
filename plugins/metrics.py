"""What Prometheus is told of plugins.

A plugin's slug is a label: the staff registers plugins, tenants and the outside do not.
"""

from collections.abc import Iterator

from django.db.models import Count, Max

from plexica.core.observe.definitions import Fact, Kind, Sample, counter, gauge, histogram
from plexica.core.observe.sources import register_source
from plugins.models import Backend, Installation
from plugins.states import BackendState

_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10)
# Those that are meant to run come first.
MAX_BACKENDS = 200

GATEWAY_SECONDS = histogram(
    "plexica_gateway_seconds",
    "How long requests were with the backend of a plugin, by what came of them: ok, or the code of"
    " the failure.",
    ["plugin", "outcome"],
    buckets=_BUCKETS,
)
GATEWAY_REFUSED = counter(
    "plexica_gateway_refused",
    "Requests that were not sent to a plugin's backend: none runs, it is left alone after failures,"
    " or too many are with it.",
    ["plugin", "reason"],
)
CIRCUIT_OPEN = gauge(
    "plexica_gateway_circuit_open",
    "Whether this process leaves a plugin's backend alone: 1 from the third failure in a row to the"
    " next answer.",
    ["plugin"],
)
BACKENDS = Fact("plexica_plugin_backends", "Backends of plugins by state.", ("state",))
BACKEND_UP = Fact(
    "plexica_plugin_backend_up",
    "Whether a backend that is meant to run is ready.",
    ("plugin", "version"),
)
BACKEND_RESTARTS = Fact(
    "plexica_plugin_backend_restarts_total",
    "How often a backend was started again.",
    ("plugin", "version"),
    kind=Kind.COUNTER,
)
INSTALLATIONS = Fact(
    "plexica_plugin_installations", "Installations of plugins by state.", ("plugin", "state")
)
AGENT_SEEN = Fact(
    "plexica_plugin_agent_seen_timestamp_seconds",
    "When the plugin agent last looked at its backends, in Unix time; absent where it never did.",
)


def tell_backends() -> Iterator[Sample]:
    """Tell how the backends are."""
    by_state = dict(Backend.objects.values_list("state").annotate(Count("pk")).order_by())
    for state in BackendState.values:
        yield BACKENDS.is_now(by_state.get(state, 0), state)
    wanted = Backend.objects.filter(is_wanted=True).order_by("-started_at")
    for slug, version, state, restarts in wanted.values_list(
        "release__plugin__slug", "release__version", "state", "restarts"
    )[:MAX_BACKENDS]:
        yield BACKEND_UP.is_now(state == BackendState.READY, slug, version)
        yield BACKEND_RESTARTS.is_now(restarts, slug, version)
    seen_at = Backend.objects.aggregate(last=Max("seen_at"))["last"]
    if seen_at is not None:
        yield AGENT_SEEN.is_now(seen_at.timestamp())


def tell_installations() -> Iterator[Sample]:
    """Tell which plugins tenants have."""
    counted = Installation.objects.values_list("plugin__slug", "state").annotate(Count("pk"))
    for slug, state, count in counted.order_by():
        yield INSTALLATIONS.is_now(count, slug, state)


def register() -> None:
    """Register these sources."""
    register_source("backends", [BACKENDS, BACKEND_UP, BACKEND_RESTARTS, AGENT_SEEN], tell_backends)
    register_source("installations", [INSTALLATIONS], tell_installations)
