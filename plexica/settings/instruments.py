"""What the processes tell of themselves: metrics, and traces where they are asked for."""

import re
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

from plexica.settings.environment import env

MAX_PORT = 65_535
_LISTEN = re.compile(r"(?P<host>[A-Za-z0-9.:-]+):(?P<first>\d{1,5})(-(?P<last>\d{1,5}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on, at the first port of a range that is free."""

    host: str
    ports: range


def listen_range(name: str) -> Listen | None:
    """Return an address and ports, `127.0.0.1:9464` or `0.0.0.0:9464-9467`; None where none is set.

    Raises:
        ImproperlyConfigured: It is set to something else.
    """
    value = env.str(name, default="")
    if not value:
        return None
    found = _LISTEN.fullmatch(value)
    first = int(found["first"]) if found else 0
    last = int(found["last"] or first) if found else 0
    if not found or not 0 < first <= last <= MAX_PORT:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; write it as 127.0.0.1:9464 or 0.0.0.0:9464-9467."
        )
    return Listen(found["host"], range(first, last + 1))


def ratio(name: str, *, default: float) -> float:
    """Return a number from 0 to 1.

    Raises:
        ImproperlyConfigured: It is another one.
    """
    value: float = env.float(name, default=default)
    if not 0 <= value <= 1:
        raise ImproperlyConfigured(f"{name} is {value}; it must be from 0 to 1.")
    return value


# Where a process answers Prometheus, `127.0.0.1:9464`, or `0.0.0.0:9464-9467` where several
# processes of one program share a machine: each takes the first port that is free. Empty: nowhere.
PLEXICA_METRICS_LISTEN = listen_range("PLEXICA_METRICS_LISTEN")

# Where spans are sent, `http://collector:4318/v1/traces`. Empty: there are none.
PLEXICA_TRACE_ENDPOINT = env.str("PLEXICA_TRACE_ENDPOINT", default="")
# The share of requests and tasks that are traced.
PLEXICA_TRACE_RATIO = ratio("PLEXICA_TRACE_RATIO", default=0.1)
# The same for the backends of plugins, which are not the platform's own. Empty: they send none.
PLEXICA_TRACE_PLUGIN_ENDPOINT = env.str("PLEXICA_TRACE_PLUGIN_ENDPOINT", default="")
