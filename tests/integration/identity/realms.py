"""Tenants that have a realm and nothing else, programs of theirs, and what is found to differ."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from django.conf import settings

from plexica.identity.keycloak.realm import RealmClient
from plexica.identity.provisioning import Realm
from tenants import slugs
from tenants.models import Tenant
from tenants.parts import Finding

PROGRAM_SECRET = "a program's own secret"


def new_tenant(**values: Any) -> Tenant:
    """Write the row of a tenant that nothing is made for yet."""
    slug = f"zz-{uuid.uuid4().hex[:10]}"
    facts = {
        "slug": slug, "name": f"Tenant {slug}", "owner_email": "ada@example.com",
        "schema_name": slugs.schema_name(slug), "realm": slugs.realm_name(slug),
        "bucket": slugs.bucket_name(slug),
    }  # fmt: skip
    tenant: Tenant = Tenant.objects.create(**{**facts, **values})
    return tenant


@contextmanager
def tenant_with_realm(**values: Any) -> Iterator[Tenant]:
    """Have a tenant with a realm, for as long as a block runs."""
    tenant = new_tenant(**values)
    try:
        Realm().do(tenant)
        yield tenant
    finally:
        Realm().undo(tenant)
        tenant.delete()


def add_program(realm: RealmClient, client_id: str, **values: Any) -> str:
    """Make a client of a tenant's own, as its people may, and return its id."""
    made = realm.call(
        "POST",
        f"/{realm.realm}/clients",
        body={
            "clientId": client_id, "secret": PROGRAM_SECRET, "publicClient": False,
            "serviceAccountsEnabled": True, "standardFlowEnabled": False, "enabled": True, **values,
        },
    )  # fmt: skip
    return made.created_id


def names(found: list[Finding]) -> set[str]:
    """Return what differs, all of it in a realm."""
    assert all(finding.part == "realm" for finding in found)
    return {finding.what for finding in found}


def ask_token(tenant: Tenant, client_id: str, secret: str, **form: str) -> requests.Response:
    """Ask the realm's public address for a token."""
    return requests.post(
        f"{settings.KEYCLOAK_SERVERS['default'].public_url}/realms/{tenant.realm}"
        "/protocol/openid-connect/token",
        data={
            "grant_type": "client_credentials", "client_id": client_id, "client_secret": secret,
            **form,
        },
        timeout=30,
    )  # fmt: skip
