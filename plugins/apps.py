from django.apps import AppConfig


class PluginsConfig(AppConfig):
    """The host's side of plugins: releases, whom the platform trusts, and what tenants have."""

    name = "plugins"
    label = "plugins"

    def ready(self) -> None:
        """Register what lower apps ask this one."""
        from plexica.rbac.registry import register_source  # noqa: PLC0415 (models are loaded now)
        from plugins.lifecycle.companion import PluginSchemas  # noqa: PLC0415
        from plugins.lifecycle.grants import PluginPermissions  # noqa: PLC0415
        from plugins.lifecycle.kinds import Install, Uninstall, Upgrade  # noqa: PLC0415
        from plugins.models import Backend, InstallationSecret  # noqa: PLC0415
        from tenants.provisioning.kinds import register_kind  # noqa: PLC0415
        from tenants.schema.companions import register_companion  # noqa: PLC0415
        from tenants.secrets import register_secrets  # noqa: PLC0415

        register_source(PluginPermissions())
        register_companion(PluginSchemas())
        for model in (InstallationSecret, Backend):
            register_secrets(model)
        for kind in (Install(), Upgrade(), Uninstall()):
            register_kind(kind)
