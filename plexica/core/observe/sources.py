"""What is true of the platform as a whole, asked when Prometheus asks.

An app registers a source of facts. All are asked side by side and have a few seconds; one that is
not back by then is told to be away, and not asked again before it is back.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass

import structlog
from django.db import connection
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from plexica.core.context import ContextThreadPool
from plexica.core.observe.definitions import Fact, Kind, Sample
from plexica.core.scope import platform_scope

# Prometheus itself waits ten seconds where it is not told otherwise.
DEADLINE_SECONDS = 6.0
# However many ask, servers are asked no more often than this.
SHARED_SECONDS = 5.0
_PARALLEL = 4

logger = structlog.get_logger(__name__)


Gather = Callable[[], Iterable[Sample]]


@dataclass(frozen=True, slots=True)
class Source:
    """Somebody who knows facts: its name, what it may tell, and how it is asked."""

    name: str
    facts: tuple[Fact, ...]
    gather: Gather


SOURCE_UP = Fact(
    "plexica_source_up",
    "Whether what follows could be asked for in time, by its source.",
    ("source",),
)

_sources: dict[str, Source] = {}
_executor = ContextThreadPool(max_workers=_PARALLEL, thread_name_prefix="facts")


def register_source(name: str, facts: Sequence[Fact], gather: Gather) -> None:
    """Have a source asked each time that Prometheus asks for the platform.

    Args:
        name: What it is called.
        facts: What it may tell of.
        gather: Tells; called in the platform's scope, by a thread of its own.
    """
    _sources[name] = Source(name, tuple(facts), gather)


def list_platform_facts() -> list[Fact]:
    """Return all that the sources may tell of, by name."""
    found = [fact for source in _sources.values() for fact in source.facts]
    return sorted([SOURCE_UP, *found], key=lambda fact: fact.name)


class Platform(Collector):
    """Asks sources, and makes of what they tell what Prometheus reads."""

    def __init__(self, sources: Mapping[str, Source], deadline: float = DEADLINE_SECONDS) -> None:
        self._sources = sources
        self._deadline = deadline
        self._lock = threading.Lock()
        self._asked: dict[str, Future[list[Sample]]] = {}
        self._last: tuple[float, list[Metric]] | None = None

    def collect(self) -> Iterator[Metric]:
        """Return what all sources tell."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > SHARED_SECONDS:
                found = _families(self._ask())
                self._last = (time.monotonic(), found)
            return iter(self._last[1])

    def forget(self) -> None:
        """Ask anew the next time."""
        with self._lock:
            self._last = None

    def _ask(self) -> list[Sample]:
        hanging = {name for name, future in self._asked.items() if not future.done()}
        for name in self._sources.keys() - hanging:
            self._asked[name] = _executor.submit(_told_by, self._sources[name])
        wait(self._asked.values(), timeout=self._deadline)
        samples: list[Sample] = []
        for name, future in self._asked.items():
            is_up = name not in hanging and future.done() and future.exception() is None
            samples.append(SOURCE_UP.is_now(is_up, name))
            if is_up:
                samples += future.result()
        return samples


def _told_by(source: Source) -> list[Sample]:
    with platform_scope():
        try:
            return list(source.gather())
        except Exception:
            logger.warning("source_away", source=source.name, exc_info=True)
            raise
        finally:
            connection.close()


def _families(samples: Iterable[Sample]) -> list[Metric]:
    families: dict[Fact, CounterMetricFamily | GaugeMetricFamily] = {}
    for sample in samples:
        fact = sample.fact
        if fact not in families:
            kind = CounterMetricFamily if fact.kind == Kind.COUNTER else GaugeMetricFamily
            families[fact] = kind(fact.name, fact.words, labels=fact.labels)
        families[fact].add_metric(sample.labels, sample.value)
    return list(families.values())


_platform = Platform(_sources)
PLATFORM_REGISTRY = CollectorRegistry(auto_describe=False)


def forget_facts() -> None:
    """Have the sources asked anew the next time."""
    _platform.forget()


PLATFORM_REGISTRY.register(_platform)
