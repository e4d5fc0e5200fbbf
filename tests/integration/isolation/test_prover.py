"""The isolation prover finds nothing, and finds each kind of leak that is planted."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from celery import Task, current_app
from django.core.cache import caches
from django.db import connection
from psycopg import sql

from bench._isolation.prover import Stage
from plexica.core.scope import enter_scope, role_name, schema_owner
from plexica.identity.models import User
from plexica.identity.session_store import SessionStore
from plexica.storage import files
from plexica.storage.clients import get_client
from plexica.workspace import file_views, group_views
from plexica.workspace.api import people_views
from plugins.gateway import tokens
from plugins.host_api import views as host_views
from plugins.models import Installation
from tenants.schema.roles import provisioner_scope
from tenants.scopes import tenant_scope


def test_nobody_sees_anything_of_acmes(stage: Stage) -> None:
    seen = stage.look()
    assert not seen, "\n".join(map(str, seen[:20]))
    watch = stage.watch
    assert watch.attempts["pages"] > 400
    assert watch.attempts["operations"] > 250
    assert watch.attempts["database"] > 1000
    # Who may does get answers: the walk is not one of closed doors only.
    assert watch.answers["pages", "200"] > 20
    assert watch.answers["operations", "200"] > 5
    assert watch.answers["database", "answered"] > 100
    assert watch.attempts["plugin"] > 1


def seen_by(stage: Stage, *areas: str, only: str | None = None) -> set[str]:
    """Return which canaries are seen with a leak, and forget that they were."""
    try:
        return {each.canary for each in stage.look(*areas, only=only)}
    finally:
        stage.watch.sightings.clear()


def test_a_page_without_a_scope(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    acme, find = stage.planted.acme, group_views.get_group

    def careless(**values: Any) -> Any:
        with tenant_scope(acme):
            return find(**values)

    monkeypatch.setattr(group_views, "get_group", careless)
    assert "rbac.Group.name" in seen_by(stage, "pages", only="owner, GET globex.*/groups/")


def test_an_operation_without_a_scope(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    acme, find = stage.planted.acme, people_views.get_any_person

    def careless(*values: Any, **named: Any) -> Any:
        with tenant_scope(acme):
            return find(*values, **named)

    monkeypatch.setattr(people_views, "get_any_person", careless)
    assert "identity.User.email" in seen_by(stage, "operations", only="GET globex.*/users/")


def test_a_cache_key_without_the_tenant(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = caches["default"]
    monkeypatch.setattr(cache, "key_func", lambda key, prefix, version: f"{prefix}:{version}:{key}")
    with tenant_scope(stage.planted.acme):
        cache.set("isolation", {"canary": stage.watch.canary("a careless value")}, timeout=60)
    try:
        assert "a careless value" in seen_by(stage, "cache")
    finally:
        cache.delete("isolation")


def test_a_link_that_is_not_checked(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    acme = stage.planted.acme
    monkeypatch.setattr(
        file_views, "read_link", lambda link, **_own: files.read_link(tenant=acme, link=link)
    )
    monkeypatch.setattr(
        file_views, "open_file", lambda key, **_own: files.open_file(tenant=acme, key=key)
    )
    assert seen_by(stage, "links", only="owner, acme's link at globex") == {"a file"}


def test_a_bucket_that_is_open(stage: Stage) -> None:
    acme = stage.planted.acme
    client = get_client(acme.s3)
    statement = {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{acme.bucket}/*",
    }  # fmt: skip
    client.put_bucket_policy(
        Bucket=acme.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    try:
        assert "a file" in seen_by(stage, "links", only="no such link")
    finally:
        client.delete_bucket_policy(Bucket=acme.bucket)


def test_a_session_that_is_read_anywhere(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    acme, load = stage.planted.acme, SessionStore.load

    def careless(self: SessionStore) -> Any:
        with tenant_scope(acme):
            return load(self)

    monkeypatch.setattr(SessionStore, "load", careless)
    assert "a session" in seen_by(stage, "cache")


def test_a_task_without_a_scope(stage: Stage) -> None:
    acme = stage.planted.acme

    @current_app.task(name="tests.careless", base=Task)
    def careless(user_id: str) -> str:
        with tenant_scope(acme):
            return str(User.objects.get(pk=user_id).email)

    try:
        assert "identity.User.email" in seen_by(stage, "tasks", only="careless")
    finally:
        del current_app.tasks["tests.careless"]


def test_a_host_token_that_lasts_too_long(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "LIFETIME_SECONDS", 100_000)
    seen = seen_by(stage, "operations", only="that is over, GET .*/users")
    assert "identity.User.email" in seen


def test_a_credential_of_another_installation(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = stage.watch.canary("a credential that is another's")
    monkeypatch.setattr(host_views, "database_url", lambda _mine: word)
    assert seen_by(stage, "operations", only="globex's plugin, POST .*/database") == {
        "a credential that is another's"
    }


@contextmanager
def granted(scope: Any, grant: str, revoke: str, *names: sql.Composable) -> Iterator[None]:
    """Have a right for as long as a block runs."""
    with enter_scope(scope), connection.cursor() as cursor:
        cursor.execute(sql.SQL(grant).format(*names).as_string(cursor.connection))
    try:
        yield
    finally:
        with enter_scope(scope), connection.cursor() as cursor:
            cursor.execute(sql.SQL(revoke).format(*names).as_string(cursor.connection))


def _names(stage: Stage, table: str, role: str) -> tuple[sql.Composable, ...]:
    schema = stage.planted.acme.schema_name
    return sql.Identifier(schema), sql.Identifier(table), sql.Identifier(role)


def test_a_grant_too_much(stage: Stage) -> None:
    schema, table, role = _names(stage, "identity_user", stage.cast.globex.database_role)
    owner = schema_owner(stage.planted.acme.schema_name)
    with (
        granted(owner, "GRANT USAGE ON SCHEMA {} TO {}", "REVOKE USAGE ON SCHEMA {} FROM {}",
                schema, role),
        granted(owner, "GRANT SELECT ON {}.{} TO {}", "REVOKE SELECT ON {}.{} FROM {}",
                schema, table, role),
    ):  # fmt: skip
        seen = seen_by(stage, "database", only="globex's role: .*identity_user")
    assert "identity.User.email" in seen


def test_shared_rows_without_a_policy(stage: Stage) -> None:
    table = sql.Identifier("public", "events_outboxmessage")
    role = sql.Identifier(role_name("tenant"))
    with (
        granted(schema_owner("public"), "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
                "ALTER TABLE {} ENABLE ROW LEVEL SECURITY", table),
        granted(schema_owner("public"), "GRANT SELECT ON {} TO {}", "REVOKE SELECT ON {} FROM {}",
                table, role),
    ):  # fmt: skip
        seen = seen_by(stage, "database", only="globex's role: .*outboxmessage")
    assert "events.OutboxMessage.payload" in seen


def test_a_plugins_role_that_may_take_another(stage: Stage) -> None:
    theirs = Installation.objects.select_related("tenant").get(
        tenant=stage.cast.globex, plugin__slug="isolated"
    )
    taken, taker = (
        sql.Identifier(role) for role in (stage.planted.acme.database_role, theirs.database_role)
    )
    with granted(
        provisioner_scope(), "GRANT {} TO {} WITH INHERIT FALSE, SET TRUE", "REVOKE {} FROM {}",
        taken, taker,
    ):  # fmt: skip
        seen = seen_by(stage, "database", only="the plugin of globex: SET ROLE")
    assert "identity.User.email" in seen
