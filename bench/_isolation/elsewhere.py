"""Looks for canaries in what is no page: links, files, cache, sessions, queue, tasks, events."""

import inspect
import uuid
from functools import partial
from typing import Any

import redis
import requests
import structlog
from celery import current_app
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.core.files.storage import default_storage
from redis.backoff import NoBackoff
from redis.retry import Retry

from bench._isolation.cast import Cast, host_of
from bench._isolation.pages import contents
from bench._isolation.past import signed_before
from bench._isolation.planting import CACHE_NAMES, FILE, QUEUE, Planted
from bench._isolation.watch import Watch
from plexica.core.jobs import TENANT_HEADER, scope_of_tenant
from plexica.core.scope import enter_scope, platform, platform_scope
from plexica.events.services import deliver_pending
from plexica.identity.session_store import SessionStore
from plexica.storage.files import LINK_SECONDS, sign_link
from tenants.models import Tenant
from tenants.scopes import scope_of, tenant_scope

_TIMEOUT = 10
_MANY = 1000
_REDIS_PORT = 6379
_OURS = ("plexica.", "tenants.", "plugins.", "identity.", "rbac.", "events.", "bench.", "tests.")


def links_of(planted: Planted, globex: Tenant) -> dict[str, str]:
    """Return links to acme's file: as acme has it, over, tampered with, and for globex."""
    good = sign_link(tenant=planted.acme, key=FILE)
    with signed_before(LINK_SECONDS + 60):
        over = sign_link(tenant=planted.acme, key=FILE)
    head, _, tail = good.partition(":")
    return {
        "acme's link": good,
        "acme's link that is over": over,
        "acme's link with another signature": f"{head}:{tail[:-3]}AAA",
        "globex's link to a file of this name": sign_link(tenant=globex, key=FILE),
        "a link signed for something else": signing.dumps([str(planted.acme.pk), FILE]),
    }


def follow_links(watch: Watch, planted: Planted, cast: Cast, links: dict[str, str]) -> None:
    """Follow each link as everybody, at each host; and ask the store itself without a key."""
    for person in (*cast.people, *cast.strangers):
        for host in (host_of(cast.globex), host_of(planted.acme)):
            for name, link in links.items():
                if not watch.wants(f"{person.name}, {name} at {host}"):
                    continue
                answer = person.browser(host).get(f"/files/get/{link}/")
                watch.look(
                    "links", f"{person.name}, {name} at {host}", contents(answer),
                    answer=answer.status_code,
                )  # fmt: skip
    server = settings.S3_SERVERS[planted.acme.s3]
    for path in ("", FILE, f"?prefix={FILE}", "?policy", "?versions"):
        found = requests.get(
            f"{server.endpoint_url}/{planted.acme.bucket}/{path}", timeout=_TIMEOUT
        )
        watch.look("links", f"nobody, the store's {path or 'list'}", found.content,
                   answer=found.status_code)  # fmt: skip
    with tenant_scope(cast.globex):
        for key in (FILE, f"../{planted.acme.bucket}/{FILE}", f"/{planted.acme.bucket}/{FILE}"):
            watch.look("files", f"globex's storage, {key}", _attempt(partial(_read, key)))


def _read(key: str) -> bytes:
    with default_storage.open(key) as file:
        return bytes(file.read())


def look_in_cache(watch: Watch, planted: Planted, cast: Cast) -> None:
    """Read acme's names elsewhere; and see that all that is acme's is below acme's name."""
    scopes = {"globex": scope_of(cast.globex), "platform": platform()}
    for name, scope in scopes.items():
        with enter_scope(scope):
            for key in CACHE_NAMES:
                watch.look("cache", f"{name}, {key}", cache.get(key))
                watch.look("cache", f"{name}, {key} by its prefix",
                           cache.get(f"{planted.acme.schema_name}::1:{key}"))  # fmt: skip
            for key in (planted.session_key, planted.expired_key):
                store = SessionStore(key)
                watch.look("sessions", f"{name}, a session of acme's", dict(store.items()))
    with tenant_scope(planted.acme):
        store = SessionStore(planted.expired_key)
        watch.look("sessions", "acme, one that is over", dict(store.items()))
    own = f"{planted.acme.schema_name}:".encode()
    client = redis.Redis.from_url(str(settings.CACHES["default"]["LOCATION"]))
    others = [key for key in client.scan_iter(count=_MANY) if not key.startswith(own)]
    for begin in range(0, len(others), _MANY):
        keys = others[begin : begin + _MANY]
        for key, value in zip(keys, client.mget(keys), strict=True):
            watch.look("cache", f"the key {key!r}", value or b"")
    _read_queues_without_password(watch)


def _read_queues_without_password(watch: Watch) -> None:
    address = settings.CELERY_BROKER_URL
    host, _, port = address.rpartition("@")[2].partition("/")[0].partition(":")
    stranger = redis.Redis(
        host, int(port or _REDIS_PORT), socket_timeout=_TIMEOUT, retry=Retry(NoBackoff(), 0)
    )
    ask: Any = stranger.execute_command
    for command in (("KEYS", "*"), ("LRANGE", QUEUE, "0", "-1"), ("MONITOR",), ("INFO",)):
        watch.look("queue", f"nobody, {command[0]}", _attempt(partial(ask, *command)))


def run_tasks(watch: Watch, planted: Planted, cast: Cast, *, thorough: bool) -> None:
    """Run each task as a message of globex's would, with acme's ids for what it takes."""
    for name, task in sorted(current_app.tasks.items()):
        if not name.startswith(_OURS) or not watch.wants(name):
            continue
        parameters = [each for each in inspect.signature(task.run).parameters if each != "self"]
        if not parameters and not thorough and not name.startswith(("bench.", "tests.")):
            continue
        arguments = {each: _argument(each, planted) for each in parameters}
        for sender in (cast.globex.slug, None) if thorough else (cast.globex.slug,):
            with structlog.testing.capture_logs() as logs:
                result = _attempt(lambda task=task, arguments=arguments, sender=sender: _run(
                    task, arguments, sender))  # fmt: skip
            if sender is not None:
                watch.look("tasks", f"{name} of {sender}", [result, logs])
    _deliver_events(watch, cast)


def _run(task: Any, arguments: dict[str, str], sender: str | None) -> Any:
    result = task.apply(kwargs=arguments, headers={TENANT_HEADER: sender})
    return [result.result, result.traceback]


def _argument(name: str, planted: Planted) -> str:
    for label in ("tenants.ProvisioningRun", "identity.User", "events.OutboxMessage"):
        if name.removesuffix("_id") in label.lower():
            return planted.id_of(label)
    if name == "tenant_id":
        return str(planted.acme.pk)
    if name in {"slug", "tenant"}:
        return planted.acme.slug
    return planted.id_of("identity.User") if name.endswith("_id") else uuid.uuid4().hex


def _deliver_events(watch: Watch, cast: Cast) -> None:
    """Have acme's event delivered, and read what the plugin's backend got in globex's name."""
    with platform_scope():
        deliver_pending()
    with scope_of_tenant(cast.globex.slug):
        _attempt(deliver_pending)
    for person in cast.people:
        person.browser(host_of(cast.globex)).get("/x/isolated/")
    watch.attempts["plugin"] += 1
    for each in cast.backend.seen:
        watch.look("plugin", "globex's plugin, what it is sent", each)


def _attempt(act: Any) -> Any:
    """Return what something gives, or what it says when it fails."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 (whatever is said is looked at)
        return f"{type(error).__name__}: {error}"
