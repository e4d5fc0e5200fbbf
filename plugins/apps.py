from django.apps import AppConfig


class PluginsConfig(AppConfig):
    """The host's side of plugins: releases, whom the platform trusts, and what tenants have."""

    name = "plugins"
    label = "plugins"

    def ready(self) -> None:
        """Register what lower apps ask this one."""
        from django.core.checks import Tags, register  # noqa: PLC0415

        from plexica.core.crypto import register_rotation  # noqa: PLC0415 (models are loaded now)
        from plexica.core.health import register_check  # noqa: PLC0415 (models are loaded now)
        from plexica.events.registry import add_source  # noqa: PLC0415
        from plexica.rbac.registry import register_source  # noqa: PLC0415 (models are loaded now)
        from plugins import metrics  # noqa: PLC0415
        from plugins.backends import rotate_backend_secrets  # noqa: PLC0415
        from plugins.checks import check_plugins  # noqa: PLC0415 (models are loaded now)
        from plugins.gateway.events import deliveries_to_plugins  # noqa: PLC0415
        from plugins.health import check_agent  # noqa: PLC0415
        from plugins.lifecycle.companion import PluginSchemas  # noqa: PLC0415
        from plugins.lifecycle.grants import PluginPermissions  # noqa: PLC0415
        from plugins.lifecycle.kinds import Install, Uninstall, Upgrade  # noqa: PLC0415
        from plugins.secrets import rotate_installation_secrets  # noqa: PLC0415
        from tenants.provisioning.kinds import register_kind  # noqa: PLC0415
        from tenants.schema.companions import register_companion  # noqa: PLC0415

        metrics.register()
        register(check_plugins, Tags.database)
        register_rotation(rotate_installation_secrets)
        register_rotation(rotate_backend_secrets)
        add_source(deliveries_to_plugins)
        # What runs goes on without the agent.
        register_check("plugins", check_agent, is_vital=False)
        register_source(PluginPermissions())
        register_companion(PluginSchemas())
        for kind in (Install(), Upgrade(), Uninstall()):
            register_kind(kind)
