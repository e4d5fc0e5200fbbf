"""Two tenants at once in each carrier of the scope: data, cache, files, messages, calls."""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import structlog
from asgiref.sync import sync_to_async
from celery import current_app, shared_task
from celery.contrib.testing.worker import start_worker
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from kombu.simple import SimpleQueue

from plexica.core.context import ContextThreadPool, start_thread
from plexica.core.jobs import TENANT_HEADER, send_after_commit
from plexica.core.scope import NoScope, current_scope, enter_scope, platform_scope
from plexica.identity.keycloak.transport import Transport
from plexica.identity.models import User
from plexica.storage.clients import get_client
from tenants.models import Tenant
from tenants.scopes import scope_of, tenant_scope

ROUNDS = 10
NAME = "side-by-side.txt"
ran: list[tuple[str, str | None]] = []


@shared_task(name="tests.side_by_side")
def note(wanted: str) -> None:
    ran.append((wanted, current_scope().tenant_slug))


@pytest.fixture
def both(acme: Tenant, globex: Tenant) -> Iterator[tuple[Tenant, Tenant]]:
    """Two tenants, each with one person of its own."""
    for tenant in (acme, globex):
        with tenant_scope(tenant):
            User.objects.create(issuer="http://side", subject="one", first_name=tenant.slug)
    yield acme, globex
    for tenant in (acme, globex):
        with tenant_scope(tenant):
            User.objects.filter(issuer="http://side").delete()
            default_storage.delete(NAME)
            cache.delete("side")


def seen() -> str:
    """Return whose person, cached value and file are to be had here."""
    person = User.objects.get(issuer="http://side").first_name
    slug = str(current_scope().tenant_slug)
    with default_storage.open(NAME) as file:
        content = file.read().decode()
    found = {person, slug, content, str(cache.get("side"))}
    connection.close()
    assert len(found) == 1, found
    return found.pop()


def fill(tenant: Tenant) -> None:
    with tenant_scope(tenant):
        default_storage.delete(NAME)
        default_storage.save(NAME, ContentFile(tenant.slug.encode()))
        cache.set("side", tenant.slug)


def test_threads(both: tuple[Tenant, Tenant]) -> None:
    for tenant in both:
        fill(tenant)
    with ContextThreadPool(4) as pool:
        futures = []
        for _round in range(ROUNDS):
            for tenant in both:
                with tenant_scope(tenant):
                    futures.append((tenant.slug, pool.submit(seen)))
        assert [future.result() for _slug, future in futures] == [slug for slug, _f in futures]


def test_tasks_of_one_loop(both: tuple[Tenant, Tenant]) -> None:
    """Django's async queries of all of them run in one thread, in turn."""
    for tenant in both:
        fill(tenant)
    scopes = {tenant.slug: scope_of(tenant) for tenant in both}

    async def look(slug: str) -> None:
        with enter_scope(scopes[slug]):
            for _round in range(ROUNDS):
                found = await User.objects.aget(issuer="http://side")
                assert found.first_name == slug
                assert await sync_to_async(seen)() == slug
                assert await asyncio.to_thread(seen) == slug
                await asyncio.sleep(0)

    async def all_at_once() -> None:
        await asyncio.gather(*(look(slug) for slug in scopes for _number in range(2)))

    asyncio.run(all_at_once())


@pytest.fixture
def queue() -> Iterator[SimpleQueue]:
    """The default queue, with nothing in it."""
    with current_app.connection_for_read() as broker:
        found = broker.SimpleQueue("default")
        found.clear()
        yield found
        found.clear()
        found.close()


def test_messages_carry_the_tenant_however_they_are_sent(
    both: tuple[Tenant, Tenant], queue: SimpleQueue
) -> None:
    for tenant in both:
        with tenant_scope(tenant):
            note.delay(tenant.slug)
            note.apply_async([tenant.slug])
            current_app.send_task("tests.side_by_side", [tenant.slug])
    note.delay("platform")
    names = [queue.get(timeout=5).headers[TENANT_HEADER] for _number in range(7)]
    acme, globex = (tenant.slug for tenant in both)
    assert names == [acme] * 3 + [globex] * 3 + [None]


def test_a_message_names_the_scope_that_asked_and_not_that_of_the_commit(
    both: tuple[Tenant, Tenant], queue: SimpleQueue
) -> None:
    acme, globex = both
    with tenant_scope(acme), transaction.atomic():
        with tenant_scope(globex):
            send_after_commit("tests.side_by_side", wanted="globex")
        with platform_scope():
            send_after_commit("tests.side_by_side", wanted="platform")
    names = [queue.get(timeout=5).headers[TENANT_HEADER] for _number in range(2)]
    assert names == [globex.slug, None]


def test_a_worker_runs_each_message_in_the_scope_of_its_sender(
    both: tuple[Tenant, Tenant], queue: SimpleQueue
) -> None:
    ran.clear()
    wanted = []
    with start_worker(current_app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        for _round in range(3):
            for tenant in both:
                with tenant_scope(tenant):
                    note.delay(tenant.slug)
                wanted.append((tenant.slug, tenant.slug))
        note.delay("platform")
        wanted.append(("platform", None))
        wait_until(lambda: len(ran) == len(wanted))
    assert sorted(ran, key=str) == sorted(wanted, key=str)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition, for half a minute at most."""
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that came."""

    got: list[dict[str, str]]

    def do_GET(self) -> None:
        self.got.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Set-Cookie", "whose=this")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that notes what it is told; it stands for Keycloak, which says nothing of it."""
    Echo.got = []
    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = start_thread(server.serve_forever, name="echo")
    yield f"http://127.0.0.1:{server.server_port}", Echo.got
    server.shutdown()
    thread.join()
    server.server_close()


def test_calls_of_keycloak_say_for_whom(
    both: tuple[Tenant, Tenant], echo: tuple[str, list[dict[str, str]]]
) -> None:
    url, got = echo
    transport = Transport(url)
    with structlog.contextvars.bound_contextvars(request_id="r-1"), ContextThreadPool(2) as pool:
        futures = []
        for tenant in both:
            with tenant_scope(tenant):
                futures.append(pool.submit(transport.call, "GET", f"/{tenant.slug}"))
        for future in futures:
            future.result()
    told = sorted((each["x-plexica-tenant"], each["x-request-id"]) for each in got)
    assert told == [("acme", "r-1"), ("globex", "r-1")]


def test_what_one_realm_sets_is_not_sent_to_another(
    echo: tuple[str, list[dict[str, str]]],
) -> None:
    url, got = echo
    for realm in ("acme", "globex", "acme"):
        Transport(f"{url}/realms/{realm}").call("GET", "/")
    assert len(got) == 3
    assert not any("cookie" in each for each in got)


def test_calls_of_the_bucket_say_for_whom(acme: Tenant) -> None:
    sent: list[bytes] = []

    def look(request: Any, **_event: object) -> None:
        sent.append(request.headers["X-Plexica-Tenant"])

    client = get_client(acme.s3)
    client.meta.events.register("before-send.s3", look)
    try:
        with tenant_scope(acme):
            client.head_bucket(Bucket=acme.bucket)
    finally:
        client.meta.events.unregister("before-send.s3", look)
    assert sent == [b"acme"]


def test_without_a_scope_there_is_no_data(both: tuple[Tenant, Tenant]) -> None:
    """Neither in a bare thread, which has no context, nor for rows, files or anything public."""
    problems: list[BaseException] = []

    def ask() -> None:
        for act in (
            User.objects.count,
            Tenant.objects.count,
            partial(default_storage.exists, NAME),
        ):
            try:
                act()
            except NoScope as error:
                problems.append(error)
        connection.close()

    with tenant_scope(both[0]):
        thread = Thread(target=ask)
        thread.start()
        thread.join()
    assert len(problems) == 3
