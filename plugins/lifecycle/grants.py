"""The permissions that a tenant's plugins bring, and which of its system roles hold them."""

from collections.abc import Mapping

from plexica.rbac.registry import PermissionDefinition
from plugins.installed import installed_here


class PluginPermissions:
    """What the enabled installations of the current scope's tenant bring (ADR 6, ADR 21)."""

    def definitions(self) -> Mapping[str, PermissionDefinition]:
        """Return their permissions, by their keys."""
        return {
            permission.key: PermissionDefinition(
                key=permission.key, label=permission.label, description=permission.description
            )
            for installed in installed_here().values()
            for permission in installed.manifest.permissions
        }

    def default_grants(self) -> Mapping[str, frozenset[str]]:
        """Return which system roles their manifests name for which of them."""
        grants: dict[str, set[str]] = {}
        for installed in installed_here().values():
            for permission in installed.manifest.permissions:
                for role in permission.holders:
                    grants.setdefault(role, set()).add(permission.key)
        return {role: frozenset(keys) for role, keys in grants.items()}
