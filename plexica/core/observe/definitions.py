"""Metrics as they are defined: their names, words and labels, for processes and for documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram, Info


class Kind(StrEnum):
    """What values a metric has."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Fact:
    """A metric.

    Attributes:
        name: Its name, as Prometheus has it; of a histogram, without `_bucket` and the like.
        words: What it means.
        labels: The names of its labels.
        kind: What values it has.
    """

    name: str
    words: str
    labels: tuple[str, ...] = ()
    kind: Kind = Kind.GAUGE

    def is_now(self, value: float, *labels: str) -> "Sample":
        """Return one value of it, under the values of its labels."""
        return Sample(self, labels, value)


@dataclass(frozen=True, slots=True)
class Sample:
    """A value of a fact."""

    fact: Fact
    labels: tuple[str, ...]
    value: float


_of_processes: list[Fact] = []


def list_process_facts() -> list[Fact]:
    """Return the metrics that each process has of itself, as far as their modules are loaded."""
    return sorted(_of_processes, key=lambda fact: fact.name)


def counter(name: str, words: str, labels: Sequence[str] = ()) -> Counter:
    """Return a number that only grows.

    Args:
        name: Its name; Prometheus gets it with `_total` at its end.
        words: What it counts.
        labels: The names of its labels, which have few values each, and none that others choose.
    """
    _note(f"{name}_total", words, labels, Kind.COUNTER)
    return Counter(name, words, labels)


def gauge(name: str, words: str, labels: Sequence[str] = ()) -> Gauge:
    """Return a number that goes up and down; see `counter`."""
    _note(name, words, labels, Kind.GAUGE)
    return Gauge(name, words, labels)


def histogram(
    name: str, words: str, labels: Sequence[str] = (), *, buckets: Sequence[float]
) -> Histogram:
    """Return a distribution, counted by buckets up to these values; see `counter`."""
    _note(name, words, labels, Kind.HISTOGRAM)
    return Histogram(name, words, labels, buckets=buckets)


def info(name: str, words: str, labels: Sequence[str]) -> Info:
    """Return what is always 1 and tells by its labels; Prometheus gets it with `_info`."""
    _note(f"{name}_info", words, labels, Kind.INFO)
    return Info(name, words)


def note_collected(fact: Fact) -> Fact:
    """Return a metric that a collector of a process makes itself, for the list of all."""
    _of_processes.append(fact)
    return fact


def _note(name: str, words: str, labels: Sequence[str], kind: Kind) -> None:
    _of_processes.append(Fact(name, words, tuple(labels), kind))
