"""What Prometheus is told of plugins, and that alerts and dashboard read what there is."""

import pytest
from django.db.models import F
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from plexica.core.observe.reference import list_process_metrics
from plexica.core.observe.sources import PLATFORM_REGISTRY, forget_facts
from plugins.models import Backend
from plugins.states import BackendState
from tests.integration.observe.scrape import Values, parsed, value
from tests.integration.plugins.gateway.backend import RunningBackend
from tests.integration.workspace.conftest import Member
from tests.observability import OF_TARGETS, all_reads


def _told(registry: CollectorRegistry) -> Values:
    return parsed(generate_latest(registry).decode())


def _answers(outcome: str) -> float:
    found = _told(REGISTRY)
    return value(found, "plexica_gateway_seconds_count", plugin="hello", outcome=outcome)


@pytest.mark.usefixtures("installation")
def test_answers_failures_and_refusals_are_counted(bo: Member, backend: RunningBackend) -> None:
    well = _answers("ok")
    assert bo.client.get("/x/hello/notes").status_code == 200
    assert _answers("ok") == well + 1
    failed = _answers("plugin-failed")
    for _each in range(3):
        bo.client.get("/x/hello/faults/error")
    assert _answers("plugin-failed") == failed + 3
    found = _told(REGISTRY)
    assert value(found, "plexica_gateway_circuit_open", plugin="hello") == 1
    labels = {"plugin": "hello", "reason": "left-alone"}
    refused = value(found, "plexica_gateway_refused_total", **labels)
    assert bo.client.get("/x/hello/notes").status_code == 503
    assert value(_told(REGISTRY), "plexica_gateway_refused_total", **labels) == refused + 1


@pytest.mark.usefixtures("installation")
def test_a_backend_that_is_not_ready_is_told(backend: RunningBackend) -> None:
    which = {"plugin": "hello", "version": "0.1.0"}
    for state, is_up in ((BackendState.READY, 1), (BackendState.QUARANTINED, 0)):
        Backend.objects.update(state=state, restarts=F("restarts") + 1)
        forget_facts()
        found = _told(PLATFORM_REGISTRY)
        assert value(found, "plexica_plugin_backend_up", **which) == is_up
        assert value(found, "plexica_plugin_backends", state=state) == 1
    assert value(found, "plexica_plugin_backend_restarts_total", **which) == 2
    assert value(found, "plexica_plugin_installations", plugin="hello", state="ENABLED") == 1


@pytest.mark.usefixtures("installation")
def test_all_that_alerts_and_panels_read_is_there(bo: Member, backend: RunningBackend) -> None:
    """In what processes really tell, with the labels that it needs wherever there is a value."""
    list_process_metrics()
    bo.client.get("/x/hello/notes")
    forget_facts()
    text = (generate_latest(REGISTRY) + generate_latest(PLATFORM_REGISTRY)).decode()
    values = parsed(text)
    for read in all_reads():
        if read.name == "up":
            continue
        family = read.name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
        assert f"# TYPE {family} " in text, f"{read.where} reads {read.name}"
        for labels in values.get(read.name, {}):
            assert read.labels <= dict(labels).keys() | OF_TARGETS, read
