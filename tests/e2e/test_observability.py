"""Prometheus, as an operator has it: each process answers, and alerts fire when they should."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import yaml

from deploy.local.ports import Ports
from tests.e2e.conftest import App
from tests.integration.observe.prometheus import Prometheus, running_prometheus
from tests.integration.observe.scrape import scrape, value
from tests.observability import FILES

PROGRAMS = ("web", "worker", "provisioner", "beat", "plugins")


def _port(app: App, program: str) -> int:
    return int(getattr(app.instance.ports, f"metrics_{program}"))


def test_every_process_answers_prometheus(app: App) -> None:
    requests.get(app.console_url, timeout=30)
    for program in PROGRAMS:
        found = scrape(f"http://127.0.0.1:{_port(app, program)}/metrics")
        assert value(found, "plexica_process_info", program=program) == 1
        assert value(found, "process_resident_memory_bytes") > 0
    web = scrape(f"http://127.0.0.1:{_port(app, 'web')}/metrics")
    assert value(web, "plexica_http_requests_total", site="console", status="3xx") >= 1
    platform = scrape(f"http://127.0.0.1:{_port(app, 'beat')}/metrics/platform")
    away = [labels for labels, is_up in platform["plexica_source_up"].items() if not is_up]
    assert not away
    assert value(platform, "plexica_queue_workers", queue="default") == 1
    assert requests.get(f"{app.console_url}/metrics", timeout=30).status_code == 404


@pytest.fixture
def prometheus(app: App, tmp_path: Path) -> Iterator[Prometheus]:
    """Prometheus with our configuration and rules, at this platform's ports and in a hurry."""
    text = (FILES / "prometheus.yml").read_text(encoding="utf-8").replace("15s", "1s")
    for program in PROGRAMS:
        usual = getattr(Ports(), f"metrics_{program}")
        text = text.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{_port(app, program)}")
    (tmp_path / "prometheus.yml").write_text(text, encoding="utf-8")
    rules = (FILES / "alerts.yml").read_text(encoding="utf-8")
    hurried = re.sub(r"for: \d+[smh]", "for: 1s", rules)
    (tmp_path / "alerts.yml").write_text(hurried, encoding="utf-8")
    with running_prometheus(tmp_path) as found:
        yield found


@pytest.mark.prove
@pytest.mark.timeout(2400)
def test_an_alert_fires_when_a_worker_is_gone_and_ends_when_it_is_back(
    app: App, prometheus: Prometheus
) -> None:
    expected = {rule["alert"] for rule in _rules()}
    _wait(lambda: set(prometheus.rules()) == expected, "The rules are loaded.")
    _wait(lambda: set(prometheus.rules().values()) == {"ok"}, "All can be evaluated.")
    gone = {"PlexicaQueueUnread", "PlexicaProcessDown"}
    _wait(lambda: not prometheus.firing(), "Nothing is wrong at first.")
    app.stop("worker")
    try:
        _wait(lambda: gone <= prometheus.firing(), "Both fire.")
    finally:
        app.start("worker")
    _wait(lambda: not gone & prometheus.firing(), "Both end.")


def _rules() -> list[dict[str, str]]:
    found = yaml.safe_load((FILES / "alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def _wait(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.5)
