"""The reference of all metrics, docs/metrics.md, as the code defines them."""

from collections.abc import Iterable

from django.utils.module_loading import autodiscover_modules

from plexica.core.observe.definitions import Fact, list_process_facts
from plexica.core.observe.sources import list_platform_facts

_PREAMBLE = """\
# Metrics

<!-- Written by `make metrics` from the code. A test fails when it is not up to date. -->

How they are had, and what to do when an alert fires, is told in [observability](observability.md).
Times are in seconds. A histogram `x` is `x_bucket`, `x_sum` and `x_count` for Prometheus.
"""
_OF_PROCESSES = """\
## `/metrics`, of each process

Counted since the process began. Beside these there are `process_…` (processor time, memory, open
files) and `python_…`, by the Prometheus client.
"""
_OF_PLATFORM = """\
## `/metrics/platform`, of the platform

What database, Redis and broker know, the same from whichever process it is asked. Ask one.
"""


def list_process_metrics() -> list[Fact]:
    """Return the metrics of all processes, of every app that has some."""
    autodiscover_modules("metrics")
    return list_process_facts()


def metrics_reference() -> str:
    """Return the reference as Markdown."""
    return "\n".join(
        [
            _PREAMBLE,
            _OF_PROCESSES,
            *_table(list_process_metrics()),
            "",
            _OF_PLATFORM,
            *_table(list_platform_facts()),
            "",
        ]
    )


def _table(facts: Iterable[Fact]) -> list[str]:
    return [
        "| metric | kind | labels | what it means |",
        "|---|---|---|---|",
        *(
            f"| `{fact.name}` | {fact.kind} | {', '.join(fact.labels)} | {fact.words} |"
            for fact in facts
        ),
    ]
