"""The addresses of a workspace's API. None ends with a slash."""

from django.urls import path

from plexica.workspace.api import (
    group_views,
    people_views,
    permission_views,
    plugin_views,
    role_views,
    service_account_views,
    views,
)

app_name = "workspace_api"

_ROLE = "roles/<slug:key>"
_PLUGIN = "plugins/<slug:slug>"
_GROUP = "groups/<uuid:group_id>"

urlpatterns = [
    path("me", views.MeView.as_view(), name="me"),
    path("permissions", permission_views.PermissionListView.as_view(), name="permissions"),
    path("permissions/explain", permission_views.ExplainView.as_view(), name="explain"),
    path("roles", role_views.RoleListView.as_view(), name="roles"),
    path(_ROLE, role_views.RoleView.as_view(), name="role"),
    path(f"{_ROLE}/preview", role_views.RolePreviewView.as_view(), name="role_preview"),
    path(f"{_ROLE}/people", role_views.RolePeopleView.as_view(), name="role_people"),
    path(f"{_ROLE}/people/<uuid:user_id>", role_views.RolePersonView.as_view(), name="role_person"),
    path(f"{_ROLE}/groups/<uuid:group_id>", role_views.RoleGroupView.as_view(), name="role_group"),
    path("plugins", plugin_views.PluginListView.as_view(), name="plugins"),
    path(_PLUGIN, plugin_views.PluginView.as_view(), name="plugin"),
    path(f"{_PLUGIN}/settings", plugin_views.PluginSettingsView.as_view(), name="plugin_settings"),
    *(
        path(f"{_PLUGIN}/{name}", view.as_view(), name=f"plugin_{name}")
        for name, view in (
            ("install", plugin_views.PluginInstallView),
            ("enable", plugin_views.PluginEnableView),
            ("disable", plugin_views.PluginDisableView),
            ("upgrade", plugin_views.PluginUpgradeView),
            ("uninstall", plugin_views.PluginUninstallView),
            ("dismiss", plugin_views.PluginDismissView),
            ("export", plugin_views.PluginExportView),
        )
    ),
    path("groups", group_views.GroupListView.as_view(), name="groups"),
    path(_GROUP, group_views.GroupView.as_view(), name="group"),
    path(f"{_GROUP}/members", group_views.GroupMembersView.as_view(), name="group_members"),
    path(
        f"{_GROUP}/members/<uuid:user_id>",
        group_views.GroupMemberView.as_view(),
        name="group_member",
    ),
    path(
        "service-accounts",
        service_account_views.ServiceAccountListView.as_view(),
        name="service_accounts",
    ),
    path(
        "service-accounts/<uuid:account_id>",
        service_account_views.ServiceAccountView.as_view(),
        name="service_account",
    ),
    path(
        "service-accounts/<uuid:account_id>/rotate",
        service_account_views.ServiceAccountRotationView.as_view(),
        name="service_account_rotate",
    ),
    path(
        "service-accounts/<uuid:account_id>/revoke",
        service_account_views.ServiceAccountRevocationView.as_view(),
        name="service_account_revoke",
    ),
    path("users", people_views.UserListView.as_view(), name="users"),
    path("users/<uuid:user_id>", people_views.UserView.as_view(), name="user"),
    *(
        path(f"users/<uuid:user_id>/{name}", view.as_view(), name=f"user_{name}")
        for name, view in people_views.ACTIONS.items()
    ),
]
