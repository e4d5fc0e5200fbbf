"""The part of `bench sync` that runs with Plexica's settings; prints its figures as JSON."""

import json
import logging
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import django

django.setup()

import psutil  # noqa: E402 (Django comes first)
import requests  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from plexica.core.actor import SYSTEM  # noqa: E402
from plexica.core.context import ContextThreadPool, start_thread  # noqa: E402
from plexica.core.scope import platform_scope  # noqa: E402
from plexica.identity.keycloak.realm import realm_client  # noqa: E402
from plexica.identity.keycloak.tokens import get_token  # noqa: E402
from plexica.identity.keycloak.transport import Answer, Transport  # noqa: E402
from plexica.identity.models import RealmSync, User  # noqa: E402
from plexica.identity.sync.cycle import AT_ONCE, follow_all, source_of  # noqa: E402
from plexica.identity.sync.realm import read_realm  # noqa: E402
from plexica.identity.sync.state import OVERLAP_MS, now_ms  # noqa: E402
from tenants.models import Tenant  # noqa: E402
from tenants.provisioning.engine import run_provisioning  # noqa: E402
from tenants.scopes import tenant_scope  # noqa: E402
from tenants.services import create_tenant  # noqa: E402

T = TypeVar("T")
FOREVER_SECONDS = 3600.0
POLL_SECONDS = 0.05
MAKERS = 2


@dataclass
class Measured:
    """How long something took for all realms, in seconds."""

    wall: float
    cpu: float
    keycloak_cpu: float


class Meter:
    """Times things, and notes what Keycloak is asked for."""

    def __init__(self) -> None:
        port = urlsplit(settings.KEYCLOAK_SERVERS["default"].internal_url).port
        self._keycloak = psutil.Process(
            next(
                each.pid
                for each in psutil.net_connections("tcp")
                if each.status == psutil.CONN_LISTEN and each.laddr[1:] == (port,) and each.pid
            )
        )
        self.asked: list[str] = []
        real = Transport.call

        def call(transport: Transport, method: str, path: str, **options: object) -> Answer:
            self.asked.append(path)
            return real(transport, method, path, **options)  # type: ignore[arg-type]

        Transport.call = call  # type: ignore[assignment,method-assign]

    def measure(self, acts: dict[str, Callable[[], object]], rounds: int) -> dict[str, Measured]:
        """Do some things in turn, several times, and return the median of each figure."""
        found: dict[str, list[list[float]]] = {name: [] for name in acts}
        for _ in range(rounds):
            for name, act in acts.items():
                before = self._now()
                act()
                now = self._now()
                found[name].append([end - start for end, start in zip(now, before, strict=True)])
        return {
            name: Measured(*map(statistics.median, zip(*figures, strict=True)))
            for name, figures in found.items()
        }

    def _now(self) -> tuple[float, float, float]:
        keycloak = self._keycloak.cpu_times()
        return time.perf_counter(), time.process_time(), keycloak.user + keycloak.system


def make_tenants(count: int, people: int) -> list[Tenant]:
    """Make whole tenants with some people each."""

    def make(number: int) -> None:
        run = create_tenant(
            slug=f"bench-{number}",
            name=f"Bench {number}",
            owner_email=f"owner@bench-{number}.example",
            actor=SYSTEM,
        )
        run_provisioning(run.id)
        realm = realm_client(Tenant.objects.get(pk=run.tenant_id))
        for person in range(people - 1):
            address = f"p{person}@bench-{number}.example"
            realm.create_user({"username": address, "email": address, "enabled": True})
        connection.close()

    _in_threads(make, list(range(count)), MAKERS)
    return list(Tenant.objects.filter(state="ACTIVE").order_by("slug"))


def read_all(tenants: list[Tenant]) -> None:
    """Read the people of all tenants, as `manage.py user sync` does."""

    def read(tenant: Tenant) -> None:
        with tenant_scope(tenant):
            read_realm(source_of(tenant))
        connection.close()

    _in_threads(read, tenants, AT_ONCE)


def get_bare(tenants: list[Tenant], paths: dict[str, list[str]]) -> Callable[[], None]:
    """Return what GETs the addresses that the cycle asks for, and does nothing with the answers."""
    local = threading.local()
    accounts = {tenant.realm: realm_client(tenant).account for tenant in tenants}
    base = settings.KEYCLOAK_SERVERS["default"].internal_url

    def get(tenant: Tenant) -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.trust_env = False
        for path in paths[tenant.realm]:
            # Kept, and renewed as often as the cycle has to.
            headers = {"Authorization": f"Bearer {get_token(accounts[tenant.realm])}"}
            local.session.get(f"{base}{path}", headers=headers).raise_for_status()

    pool = ContextThreadPool(AT_ONCE)

    def get_all() -> None:
        for _ in pool.map(get, tenants):
            pass

    return get_all


def time_change(tenant: Tenant, name: str, act: Callable[[], object]) -> float:
    """Return how long it takes from a change in Keycloak until the row says so."""
    realm = realm_client(tenant)
    person = realm.find_user_by_email(tenant.owner_email)
    if person is None:
        raise SystemExit("The realm does not know its owner.")
    realm.update_user(person["id"], {"firstName": name})
    started = time.perf_counter()
    act()
    while True:
        with tenant_scope(tenant):
            if User.objects.filter(subject=person["id"], first_name=name).exists():
                return time.perf_counter() - started
        if time.perf_counter() - started > FOREVER_SECONDS:
            raise SystemExit("The change has not come.")
        time.sleep(POLL_SECONDS)


@contextmanager
def scheduled(seconds: float) -> Iterator[threading.Event]:
    """Run cycles as beat has them sent; the event is set whenever one has ended."""
    is_over, has_ended = threading.Event(), threading.Event()

    def work() -> None:
        while not is_over.is_set():
            started = time.monotonic()
            with platform_scope():
                follow_all()
            has_ended.set()
            is_over.wait(max(0.0, seconds - (time.monotonic() - started)))

    thread = start_thread(work, name="cycles")
    try:
        yield has_ended
    finally:
        is_over.set()
        thread.join()


def settle(tenants: list[Tenant]) -> None:
    """Have the events of the making left behind, as some minutes without a change do."""
    for tenant in tenants:
        with tenant_scope(tenant):
            RealmSync.objects.update(cursor=now_ms() + OVERLAP_MS, seen=[])


def _in_threads(act: Callable[[T], None], items: list[T], count: int) -> None:
    with ContextThreadPool(count) as pool:
        for done in [pool.submit(act, item) for item in items]:
            done.result()


def cycle() -> None:
    """Look at all realms once, however long it takes."""
    follow_all(seconds=FOREVER_SECONDS)


def main(count: int, people: int, rounds: int, changes: int) -> dict[str, float]:
    """Measure."""
    logging.getLogger().setLevel(logging.ERROR)
    call_command("prepare_keycloak", verbosity=0)
    tenants = make_tenants(count, people)
    meter = Meter()
    read_all(tenants)
    # What has just happened is dealt with, and tokens and connections are there.
    cycle()
    settle(tenants)
    cycle()
    meter.asked.clear()
    cycle()
    asked = [path for path in meter.asked if path.startswith("/admin/realms/")]
    paths = {
        tenant.realm: [path for path in asked if f"/{tenant.realm}/" in path] for tenant in tenants
    }
    bare = get_bare(tenants, paths)
    bare()
    measured = meter.measure(
        {"idle": cycle, "floor": bare, "full": lambda: read_all(tenants)}, rounds
    )
    apply = [time_change(tenants[0], f"Apply {n}", cycle) for n in range(changes)]
    every = float(str(settings.CELERY_BEAT_SCHEDULE["follow-realms"]["schedule"]))
    waited = []
    with scheduled(every) as has_ended:
        for number in range(changes):
            has_ended.clear()
            has_ended.wait()
            waited.append(time_change(tenants[0], f"Wait {number}", lambda: None))
    figures = {
        "requests_per_realm": round(len(asked) / count, 2),
        "cycle_share": round(measured["idle"].wall / every, 4),
        "apply_s": round(statistics.median(apply), 3),
        "change_s": round(max(waited), 1) if waited else 0.0,
    }
    for name, each in measured.items():
        figures |= {
            f"{name}_s": round(each.wall, 3),
            f"{name}_ms": round(each.wall / count * 1000, 2),
            f"{name}_cpu_ms": round(each.cpu / count * 1000, 2),
            f"{name}_keycloak_cpu_ms": round(each.keycloak_cpu / count * 1000, 2),
        }
    return figures


if __name__ == "__main__":
    with platform_scope():
        print(json.dumps(main(*map(int, sys.argv[1:]))))
