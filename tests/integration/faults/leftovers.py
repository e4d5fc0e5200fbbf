"""Looks for whatever there is of a tenant, by asking each server itself and not Plexica's code."""

from dataclasses import dataclass

import redis
from botocore.exceptions import ClientError
from django.conf import settings
from django.db import connection

from plexica.identity.keycloak.master import master_client
from plexica.identity.models import User
from plexica.storage.clients import get_client
from plexica.storage.errors import error_code
from tenants.models import Domain, Tenant, TenantSecret
from tenants.states import TenantState

_SPARE = "plexica-spare-"


@dataclass(frozen=True)
class Master:
    """What the master realm knows of all realms together."""

    clients: frozenset[str]
    powers: int

    @classmethod
    def now(cls) -> "Master":
        call = master_client("default").call
        clients = call("GET", "/master/clients", params={"max": "1000"}).body
        return cls(
            clients=frozenset(client["clientId"] for client in clients),
            powers=len(call("GET", "/master/roles/admin/composites").body),
        )


def leftovers(tenant: Tenant) -> list[str]:
    """Name all that is there of a tenant, besides its row and its runs."""
    found = {
        "schema": _row_exists("pg_namespace", "nspname", tenant.schema_name),
        "role": _row_exists("pg_roles", "rolname", tenant.database_role),
        "bucket": bucket_exists(tenant.bucket),
        "secrets": TenantSecret.objects.filter(tenant=tenant).exists(),
        "domain": Domain.objects.filter(tenant=tenant).exists(),
        "person": _has_people(tenant),
        "cache": any(_cache().scan_iter(match=f"*{tenant.schema_name}*", count=1000)),
        **_of_keycloak(tenant.realm),
    }
    return [name for name, is_there in found.items() if is_there]


def bucket_exists(name: str) -> bool:
    """Ask the S3 server for a bucket."""
    try:
        get_client("default").head_bucket(Bucket=name)
    except ClientError as error:
        if error_code(error) != "404":
            raise
        return False
    return True


def _of_keycloak(realm: str) -> dict[str, bool]:
    master = master_client("default")
    spare = f"service-account-{_SPARE}{realm}"
    users = master.call("GET", "/master/users", params={"username": spare, "exact": "true"}).body
    clients = Master.now().clients
    return {
        "realm": master.exists(realm),
        "client of the realm in master": f"{realm}-realm" in clients,
        "spare account": f"{_SPARE}{realm}" in clients or bool(users),
    }


def _has_people(tenant: Tenant) -> bool:
    """Say whether a removed tenant's row names people, or others' owner is among the staff."""
    if tenant.state == TenantState.DELETED:
        return bool(tenant.owner_email or tenant.contact_email)
    return User.objects.filter(email__iexact=tenant.owner_email).exists()


def _row_exists(catalog: str, column: str, name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM pg_catalog.{catalog} WHERE {column} = %s", [name])
        return cursor.fetchone() is not None


def _cache() -> redis.Redis:
    client: redis.Redis = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
    return client
