"""On which servers a new tenant lives: the emptiest of those that have room.

What counts are our own rows, since Keycloak takes minutes to list its realms. Every tenant that
still may have a realm and a bucket, or get them again, takes a place.
"""

from collections.abc import Mapping
from typing import Protocol

from django.conf import settings
from django.db import connection
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from plexica.core.errors import Conflict
from tenants.models import Tenant
from tenants.states import TenantState

_LOCK = "tenants.placement"


class PlatformFull(Conflict):
    """No server of some kind has room for another tenant."""

    code = "platform-full"
    title = gettext_noop("No server has room for another tenant")


class _Server(Protocol):
    @property
    def ceiling(self) -> int: ...


def place_tenant(tenant: Tenant) -> None:
    """Name the servers that a new tenant lives on; whoever places another waits until it is saved.

    Must be called in the transaction that saves the tenant.

    Raises:
        PlatformFull: All Keycloaks, or all S3 services, have reached their ceilings.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])
    # The platform's own realm takes a place, too.
    tenant.keycloak = _emptiest("Keycloak", settings.KEYCLOAK_SERVERS, count_on_keycloaks())
    tenant.s3 = _emptiest("S3", settings.S3_SERVERS, count_on_s3())


def count_on_keycloaks() -> dict[str, int]:
    """Return how many realms each Keycloak has or is to have, the platform's own included."""
    counted = _count("keycloak")
    return {name: counted.get(name, 0) + (name == "default") for name in settings.KEYCLOAK_SERVERS}


def count_on_s3() -> dict[str, int]:
    """Return how many buckets of tenants each S3 service has or is to have."""
    counted = _count("s3")
    return {name: counted.get(name, 0) for name in settings.S3_SERVERS}


def _count(column: str) -> dict[str, int]:
    return dict(
        Tenant.objects.exclude(state=TenantState.DELETED)
        .values_list(column)
        .annotate(tenants=Count("pk"))
        .order_by(column)
    )


def _emptiest(kind: str, servers: Mapping[str, _Server], taken: Mapping[str, int]) -> str:
    """Return the server of which the smallest part is taken; of equals, the first."""
    with_room = [name for name, server in servers.items() if taken[name] < server.ceiling]
    if not with_room:
        raise PlatformFull(
            _(
                "Every %(kind)s server has reached its ceiling (%(servers)s). Raise a ceiling or"
                " add a server, then try again."
            )
            % {
                "kind": kind,
                "servers": ", ".join(
                    f"{name}: {taken[name]}/{server.ceiling}" for name, server in servers.items()
                ),
            }
        )
    return min(with_room, key=lambda name: taken[name] / servers[name].ceiling)
