"""Alerts, dashboard and documents say what the code tells Prometheus."""

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

from deploy.local.ports import Ports
from plexica.core.observe.definitions import Fact, Kind
from plexica.core.observe.reference import list_process_metrics
from plexica.core.observe.sources import list_platform_facts
from tests.observability import FILES, OF_TARGETS, Read, alerts, all_reads

DOCUMENTS = Path(settings.BASE_DIR) / "docs"
_NAME = re.compile(r"plexica_[a-z]+(_[a-z]+)*")
# Of Prometheus itself, and of its client.
_OTHERS = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes"}


def _told() -> dict[str, frozenset[str]]:
    """Return the labels of all names that Prometheus gets."""
    found: dict[str, frozenset[str]] = dict.fromkeys(_OTHERS, frozenset())
    for fact in [*list_process_metrics(), *list_platform_facts()]:
        labels = frozenset(fact.labels)
        if fact.kind == Kind.HISTOGRAM:
            found[f"{fact.name}_bucket"] = labels | {"le"}
            found[f"{fact.name}_sum"] = found[f"{fact.name}_count"] = labels
        else:
            found[fact.name] = labels
    return found


def test_the_reference_is_up_to_date(tmp_path: Path) -> None:
    written = tmp_path / "metrics.md"
    call_command("metrics", file=written)
    assert written.read_text(encoding="utf-8") == (DOCUMENTS / "metrics.md").read_text(
        encoding="utf-8"
    ), "The metrics are not as docs/metrics.md has them: make metrics"


@pytest.mark.parametrize("read", all_reads(), ids=lambda read: f"{read.where}-{read.name}")
def test_what_alerts_and_panels_read_is_told(read: Read) -> None:
    told = _told()
    assert read.name in told, f"{read.where} reads {read.name}, which nobody tells"
    missing = read.labels - told[read.name] - OF_TARGETS
    assert not missing, f"{read.where} needs {missing} of {read.name}"


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_every_alert_is_explained(alert: dict[str, object]) -> None:
    text = (DOCUMENTS / "observability.md").read_text(encoding="utf-8")
    name = str(alert["alert"])
    _before, found, after = text.partition(f"\n### {name}\n")
    assert found, f"docs/observability.md does not explain {name}"
    assert len(after.partition("\n#")[0].split()) > 20, "It says what it means and what to do."
    assert alert["annotations"]["runbook"] == f"docs/observability.md#{name.lower()}"  # type: ignore[index]
    assert alert["labels"]["severity"] in {"critical", "warning"}  # type: ignore[index]
    assert re.fullmatch(r"\d+[smh]", str(alert["for"]))


def test_nothing_is_explained_that_does_not_exist() -> None:
    text = (DOCUMENTS / "observability.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^### (Plexica\w+)$", text, re.MULTILINE))
    assert explained == {alert["alert"] for alert in alerts()}
    mentioned = set(re.findall(r"`(plexica_\w+)", text))
    known = {fact.name for fact in [*list_process_metrics(), *list_platform_facts()]}
    assert mentioned <= known


@pytest.mark.parametrize(
    "fact", [*list_process_metrics(), *list_platform_facts()], ids=lambda fact: fact.name
)
def test_no_label_has_values_that_others_choose(fact: Fact) -> None:
    assert _NAME.fullmatch(fact.name)
    assert fact.words.endswith(".")
    assert not {"tenant", "slug", "user", "path", "host", "address", "email"} & set(fact.labels)


def test_prometheus_asks_where_make_up_answers() -> None:
    found = yaml.safe_load((FILES / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = {job["job_name"]: job for job in found["scrape_configs"]}
    for target in jobs["plexica"]["static_configs"]:
        port = getattr(Ports(), f"metrics_{target['labels']['program']}")
        assert target["targets"] == [f"127.0.0.1:{port}"]
    assert len(jobs["plexica"]["static_configs"]) == 5
    assert jobs["plexica-platform"]["metrics_path"] == "/metrics/platform"
