"""Scrapes: what a process answers Prometheus, as values by name and labels."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from prometheus_client.parser import text_string_to_metric_families

Values = dict[str, dict[tuple[tuple[str, str], ...], float]]

SECONDS = 10.0


def scrape(url: str) -> Values:
    """Return what is told at an address, by name, and by labels in their order."""
    answer = requests.get(url, timeout=SECONDS)
    answer.raise_for_status()
    return parsed(answer.text)


def parsed(text: str) -> Values:
    """Return what a text tells."""
    found: Values = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def value(found: Values, name: str, /, **labels: str) -> float:
    """Return the sum of the values that have these labels; 0 where there is none."""
    wanted = labels.items()
    return sum(each for key, each in found.get(name, {}).items() if wanted <= dict(key).items())


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when a block takes longer."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds
