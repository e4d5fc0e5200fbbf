"""Telling of an installation: in the tenant's own audit, in the platform's, and to subscribers."""

from typing import Any

from plexica.audit.services import record
from plexica.core.actor import Actor
from plexica.core.scope import platform_scope
from plexica.events.services import publish
from plugins.models import Installation
from tenants.scopes import tenant_scope


def tell(
    installation: Installation,
    what: str,
    *,
    actor: Actor,
    before: dict[str, Any] | None = None,
    **facts: Any,
) -> None:
    """Write down what happened to an installation, in the transaction in which it does.

    Args:
        installation: Which, with its tenant, plugin and release.
        what: What, in the past tense, such as `installed`.
        actor: Who did it.
        before: What changed, as it was. Never a secret.
        facts: What else there is to say. Never a secret.
    """
    tenant, slug = installation.tenant, installation.plugin.slug
    after = {"version": installation.release.version, "state": installation.state, **facts}
    action = f"plugin.{what}"
    with platform_scope():
        record(
            actor=actor,
            action=action,
            target=f"tenant:{tenant.slug}",
            before=before,
            after={"plugin": slug, **after},
        )
    with tenant_scope(tenant):
        record(actor=actor, action=action, target=f"plugin:{slug}", before=before, after=after)
    # Messages of a tenant wait until it is served; what happens to it meanwhile is the platform's.
    with tenant_scope(tenant) if tenant.is_active else platform_scope():
        publish(
            event=action,
            payload={
                "tenant": tenant.slug,
                "plugin": slug,
                "installation": str(installation.pk),
                **after,
            },
        )
