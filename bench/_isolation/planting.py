"""Plants canaries in acme: a row of every table, and whatever else a tenant has."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from celery import current_app
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models, transaction
from django.utils import timezone

from bench._isolation.watch import Watch
from plexica.audit.models import AuditEntry
from plexica.core.crypto import encrypt
from plexica.core.scope import platform_scope
from plexica.identity.models import RealmSync
from plexica.identity.session_store import SessionStore
from plugins.models import Installation
from tenants.models import Inspection, Reconciliation, Tenant
from tenants.schema.privileges import models_of
from tenants.scopes import tenant_scope

CACHE_NAMES = ("isolation", "isolation:list")
FILE = "isolation/canary.txt"
TASK = "bench.isolation"
QUEUE = "bench-isolation"
MODULE_FILE = "isolation.txt"
# Of no tenant: rows of the platform, and of plugins as such.
NOBODYS = {
    "tenants.PlatformState", "tenants.SchemaTemplate", "tenants.Tenant", "plugins.TrustedKey",
    "plugins.Plugin", "plugins.Release", "plugins.StoredPackage", "plugins.Backend",
}  # fmt: skip
# What is made otherwise here than as a row.
_OTHERWISE = {"plugins.Installation"}
# A tenant has one at most, which may be there.
_ONE_EACH = (Inspection, Reconciliation)
# Their values mean something, or are shown as they are.
_MEANING = {"locale", "time_zone", "avatar", "key", "permission", "realm_path", "domain", "tenant"}
_SHORTEST = 40
# Nobody can take an entry of the audit back, and a tenant has one row of the other.
_KEPT = {"audit.AuditEntry", "identity.RealmSync"}


# What has no value by itself, and cannot be a canary.
_NEEDED: tuple[tuple[type[Any], Callable[[], Any]], ...] = (
    (models.DateTimeField, lambda: timezone.now() + timedelta(hours=1)),
    (models.UUIDField, uuid.uuid4),
    (models.PositiveSmallIntegerField, lambda: 1),
)


@dataclass
class Planted:
    """What was planted.

    Attributes:
        acme: Whose it is.
        rows: A row of each model, by its label.
        session_key: A session of acme's that somebody is logged in by.
        expired_key: One that is over.
        file: A file's key in the bucket.
        plugin_file: A file that acme's plugin keeps.
        installation: The plugin that acme has.
    """

    acme: Tenant
    rows: dict[str, models.Model] = field(default_factory=dict)
    session_key: str = ""
    expired_key: str = ""
    file: str = FILE
    installation: Installation | None = None

    def id_of(self, label: str) -> str:
        """Return the primary key of the row of a model."""
        return str(self.rows[label].pk)


@contextmanager
def planted(watch: Watch, acme: Tenant, installation: Installation) -> Iterator[Planted]:
    """Have canaries in acme, for as long as a block runs; the audit keeps its own."""
    found = Planted(acme, installation=installation)
    contact = acme.contact_email
    try:
        _plant_rows(watch, found)
        _plant_elsewhere(watch, found)
        yield found
    finally:
        _take_back(found, contact)


def _plant_rows(watch: Watch, found: Planted) -> None:
    acme = found.acme
    with platform_scope():
        address = f"{watch.canary('the contact of the tenant')}@acme.example"
        Tenant.objects.filter(pk=acme.pk).update(contact_email=address)
        for model in models_of("public"):
            if model._meta.label not in NOBODYS | _OTHERWISE:  # noqa: SLF001 (Django's documented Options)
                _plant(watch, found, model)
    with tenant_scope(acme):
        for model in models_of(acme.schema_name):
            _plant(watch, found, model)
    watch.know_id(acme.pk, "the tenant's id")


def _plant(watch: Watch, found: Planted, model: type[models.Model]) -> models.Model:
    """Plant a row of a model, and first those that it refers to."""
    options = model._meta  # noqa: SLF001 (Django's documented Options)
    if options.label in found.rows:
        return found.rows[options.label]
    if model is RealmSync:
        row: models.Model = RealmSync.objects.get_or_create()[0]
        RealmSync.objects.update(error=watch.canary("identity.RealmSync.error"))
    else:
        values = _special(found).get(options.label, {})
        for each in options.concrete_fields:
            if each.name not in values:
                values |= _value(watch, found, options.label, each)
        if model in _ONE_EACH:
            model.objects.filter(tenant=found.acme).delete()
        with transaction.atomic():
            row = model._base_manager.create(**values)  # noqa: SLF001 (documented)
    found.rows[options.label] = row
    watch.know_id(row.pk, options.label) if isinstance(row.pk, uuid.UUID) else None
    return row


def _value(
    watch: Watch, found: Planted, label: str, each: "models.Field[Any, Any]"
) -> dict[str, Any]:
    """Return what a field gets; nothing if it has a value by itself."""
    if isinstance(each, models.ForeignKey):
        return _related(watch, found, each)
    value: Any = _words(watch, f"{label}.{each.name}", each)
    if value is None and not each.null and not each.has_default():
        value = next((make() for kind, make in _NEEDED if isinstance(each, kind)), None)
    return {} if value is None else {each.name: value}


def _related(watch: Watch, found: Planted, each: "models.ForeignKey[Any, Any]") -> dict[str, Any]:
    related: Any = each.related_model
    if related is Tenant:
        return {each.name: found.acme}
    if related is Installation:
        return {each.name: found.installation}
    return {} if each.null else {each.name: _plant(watch, found, related)}


def _words(watch: Watch, what: str, each: "models.Field[Any, Any]") -> Any:
    """Return a canary in the form that a field takes; None if it takes none."""
    if each.name in {"ciphertext", "tokens"}:
        return encrypt(watch.canary(what))
    if isinstance(each, models.EmailField):
        return f"{watch.canary(what)}@acme.example"
    if isinstance(each, models.JSONField) and not each.null:
        return {"canary": watch.canary(what)}
    is_text = isinstance(each, models.CharField | models.TextField)
    has_meaning = bool(each.choices) or each.name in _MEANING
    if is_text and not has_meaning and (each.max_length or _SHORTEST) >= _SHORTEST:
        return watch.canary(what)
    return None


def _special(found: Planted) -> dict[str, dict[str, Any]]:
    """Return the values that tables ask for."""
    suffix = uuid.uuid4().hex[:8]
    later = timezone.now() + timedelta(days=1)
    return {
        "tenants.Domain": {"domain": f"cnry-{suffix}.example"},
        "tenants.ProvisioningRun": {"state": "succeeded", "finished_at": timezone.now()},
        "tenants.SupportVisit": {"ended_at": timezone.now(), "expires_at": timezone.now()},
        "tenants.RealmAccess": {"expires_at": later},
        "events.OutboxMessage": {"tenant": found.acme.slug, "event": "office.opened"},
        "identity.RealmChange": {"next_attempt_at": later, "is_passed_over": False},
        "rbac.Role": {"key": f"custom-{suffix}"},
        "rbac.Grant": {"permission": "core:audit:read"},
        "rbac.RoleAssignment": {"user": found.rows.get("identity.User")},
    }


def _plant_elsewhere(watch: Watch, found: Planted) -> None:
    acme = found.acme
    with tenant_scope(acme):
        for name in CACHE_NAMES:
            cache.set(name, {"canary": watch.canary(f"the cache's key {name}")}, timeout=3600)
        default_storage.delete(FILE)
        default_storage.save(FILE, ContentFile(watch.canary("a file").encode()))
        found.session_key = _session(watch, found, "a session", timezone.now() + timedelta(hours=1))
        found.expired_key = _session(
            watch, found, "a session that is over", timezone.now() - timedelta(hours=1)
        )
        current_app.send_task(
            TASK, kwargs={"canary": watch.canary("a message in the queue")}, queue=QUEUE
        )
        AuditEntry.objects.create(
            actor_kind="user", actor_id="ada", actor_name=watch.canary("the audit"),
            action="group.created", target="group:1", after={"name": watch.canary("its details")},
        )  # fmt: skip


def _session(watch: Watch, found: Planted, what: str, expires: Any) -> str:
    user: Any = found.rows["identity.User"]
    store = SessionStore()
    store["_auth_user_id"] = str(user.pk)
    store["_auth_user_backend"] = "plexica.identity.oidc.backend.ScopedOIDCBackend"
    store["_auth_user_hash"] = user.get_session_auth_hash()
    store["canary"] = watch.canary(what)
    store.save(must_create=True)
    Session.objects.filter(pk=store.session_key).update(expire_date=expires)
    return str(store.session_key)


def plant_plugin_data(watch: Watch, address: str) -> None:
    """Write a canary into a table of acme's plugin, as the plugin itself does."""
    with psycopg.connect(address) as plugin:
        plugin.execute(
            "INSERT INTO notes (words) VALUES (%s)", [watch.canary("a row of the plugin")]
        )
        # PostgreSQL shows everybody in a database how a function is written.
        code = watch.known_canary("the text of a plugin's function")
        plugin.execute(
            f"CREATE FUNCTION told() RETURNS text LANGUAGE sql AS 'SELECT ''{code}''::text'"
        )


def _take_back(found: Planted, contact: str) -> None:
    acme = found.acme
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(contact_email=contact)
    shared = set(models_of("public"))
    for label, row in reversed(list(found.rows.items())):
        if label in _KEPT:
            continue
        with platform_scope() if type(row) in shared else tenant_scope(acme):
            type(row)._base_manager.filter(pk=row.pk).delete()  # noqa: SLF001 (documented)
    with tenant_scope(acme):
        RealmSync.objects.update(error="")
        Session.objects.filter(pk__in=[found.session_key, found.expired_key]).delete()
        cache.delete_many(CACHE_NAMES)
        default_storage.delete(FILE)
    with current_app.connection_for_write() as broker:
        broker.SimpleQueue(QUEUE).clear()
    connection.close()
