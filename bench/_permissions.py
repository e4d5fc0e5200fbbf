"""Times checks of one engine: `python -m bench._permissions ENGINE SIZE`, JSON last.

Each engine runs by itself, since a process has one set of settings.
"""

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg

WARM_CHECKS = 50_000
OTHER_CHECKS = 400
ROLES_EACH = 3
SEED = 7
GUARDIAN_DATABASE = "plexica_guardian"

Check = Callable[[], bool]


def main() -> None:
    """Measure one engine and print its figures."""
    engine, size = sys.argv[1], json.loads(sys.argv[2])
    print(json.dumps(ENGINES[engine](**size)))


def figures(checks: Iterator[Check], count: int) -> dict[str, float]:
    """Return the microseconds that checks take; each is made anew and timed by itself."""
    taken = []
    for _number in range(count):
        check = next(checks)
        started = time.perf_counter_ns()
        check()
        taken.append((time.perf_counter_ns() - started) / 1000)
    percentiles = statistics.quantiles(taken, n=100, method="inclusive")
    return {"p50_us": round(percentiles[49], 2), "p95_us": round(percentiles[94], 2)}


def key(number: int) -> str:
    """Return a permission's key."""
    return f"app{number % 10}:thing{number // 10}:do"


def roles_of(roles: int) -> list[int]:
    """Return some roles at random, the same in each run."""
    return _random.sample(range(roles), min(ROLES_EACH, roles))


def measure_plexica(people: int, roles: int, permissions: int) -> dict[str, Any]:
    """Measure Plexica's engine, in a tenant's schema."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "plexica.settings"
    import django  # noqa: PLC0415 (after the settings)

    django.setup()
    from bench import _permissions_plexica  # noqa: PLC0415 (after the set-up)

    return _permissions_plexica.measure(people=people, roles=roles, permissions=permissions)


def measure_guardian(people: int, roles: int, permissions: int) -> dict[str, Any]:
    """Measure django-guardian, in a database of its own on the same server."""
    admin = urlsplit(os.environ["PLEXICA_DATABASE_ADMIN_URL"])
    with psycopg.connect(admin.geturl(), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {GUARDIAN_DATABASE}")
        server.execute(f"CREATE DATABASE {GUARDIAN_DATABASE}")
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench._guardian_settings"
    os.environ["GUARDIAN_DATABASE"] = GUARDIAN_DATABASE
    import django  # noqa: PLC0415 (after the settings)

    django.setup()
    from bench import _permissions_guardian  # noqa: PLC0415 (after the set-up)

    return _permissions_guardian.measure(people=people, roles=roles, permissions=permissions)


def measure_casbin(people: int, roles: int, permissions: int) -> dict[str, Any]:
    """Measure casbin's role model, whose policy is all in memory."""
    import casbin  # noqa: PLC0415 (a peer, only here)

    model = casbin.Model()
    for section, name, value in (
        ("r", "r", "sub, obj"),
        ("p", "p", "sub, obj"),
        ("g", "g", "_, _"),
        ("e", "e", "some(where (p.eft == allow))"),
        ("m", "m", "g(r.sub, p.sub) && r.obj == p.obj"),
    ):
        model.add_def(section, name, value)
    enforcer = casbin.Enforcer(model)
    for number in range(permissions):
        enforcer.add_policy(f"role{number % roles}", key(number))
    for person in range(people):
        for role in roles_of(roles):
            enforcer.add_grouping_policy(f"user{person}", f"role{role}")

    def checks() -> Iterator[Check]:
        while True:
            person, wanted = _random.randrange(people), key(_random.randrange(permissions))
            yield lambda person=person, wanted=wanted: enforcer.enforce(f"user{person}", wanted)  # type: ignore[misc]

    return {"warm": figures(checks(), OTHER_CHECKS)}


ENGINES: dict[str, Callable[..., dict[str, Any]]] = {
    "plexica": measure_plexica,
    "guardian": measure_guardian,
    "casbin": measure_casbin,
}
_random = random.Random(SEED)  # noqa: S311 (no secrets, and the same in each run)

if __name__ == "__main__":
    main()
