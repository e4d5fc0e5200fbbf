from django.apps import AppConfig


class RbacConfig(AppConfig):
    """Who may do what: roles, grants, the permissions that exist, and guards."""

    name = "plexica.rbac"
    label = "rbac"

    def ready(self) -> None:
        """Register Plexica's own permissions, and what lower apps ask this one."""
        from plexica.audit.targets import register_namer  # noqa: PLC0415 (models are loaded now)
        from plexica.identity.hooks import register_login_hook  # noqa: PLC0415
        from plexica.identity.permissions import register_permission_checker  # noqa: PLC0415
        from plexica.identity.sync.hooks import register_follower, register_watcher  # noqa: PLC0415
        from plexica.rbac.engine import has_permission  # noqa: PLC0415
        from plexica.rbac.login import take_roles_at_login  # noqa: PLC0415
        from plexica.rbac.permissions import CORE_PERMISSIONS  # noqa: PLC0415
        from plexica.rbac.realm_members import follow_realm_members, watch_owner  # noqa: PLC0415
        from plexica.rbac.registry import register_all  # noqa: PLC0415
        from plexica.rbac.selectors import name_groups, name_roles  # noqa: PLC0415
        from plexica.rbac.services import ensure_system_roles  # noqa: PLC0415
        from tenants.platform import register_preparer  # noqa: PLC0415

        register_all(CORE_PERMISSIONS)
        register_namer("group", name_groups)
        register_namer("role", name_roles)
        register_permission_checker(has_permission)
        register_login_hook(take_roles_at_login)
        register_follower(follow_realm_members)
        register_watcher(watch_owner)
        register_preparer(ensure_system_roles)
