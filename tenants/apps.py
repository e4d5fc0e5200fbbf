from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Tenants: their rows, their life, and the engine that makes them."""

    name = "tenants"
    label = "tenants"

    def ready(self) -> None:
        """Tell other apps how a scope is entered, secrets are rotated, and things are called."""
        from plexica.audit.targets import register_namer  # noqa: PLC0415 (models are loaded now)
        from plexica.core.crypto import register_rotation  # noqa: PLC0415 (models are loaded now)
        from plexica.core.jobs import register_tenant_scope  # noqa: PLC0415 (models are loaded now)
        from tenants import metrics  # noqa: PLC0415 (models are loaded now)
        from tenants.scopes import active_tenant_scope  # noqa: PLC0415
        from tenants.secrets import rotate_secrets  # noqa: PLC0415
        from tenants.selectors import name_platform_parts  # noqa: PLC0415

        metrics.register()
        register_rotation(rotate_secrets)
        register_tenant_scope(active_tenant_scope)
        register_namer("platform", name_platform_parts)
