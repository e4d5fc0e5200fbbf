from django.urls import path

from plexica.identity.profile.urls import avatar_patterns, profile_patterns
from plexica.workspace import (
    audit_views,
    file_views,
    group_views,
    ownership_views,
    people_actions,
    people_views,
    role_views,
    service_account_views,
    settings_views,
    views,
    why_views,
)

app_name = "workspace"

_GROUP = "groups/<uuid:group_id>"
_SERVICE_ACCOUNT = "service-accounts/<uuid:account_id>"
_USER = "users/<uuid:user_id>"

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("checklist/dismiss/", views.checklist_dismiss, name="checklist_dismiss"),
    path("roles/", role_views.role_list, name="role_list"),
    # No role's key is one of these: a custom one begins with `custom-`.
    path("roles/new/", role_views.role_create, name="role_create"),
    path("roles/give/", role_views.role_give, name="role_give"),
    path("roles/take/", role_views.role_take, name="role_take"),
    path("roles/<slug:key>/", role_views.role_detail, name="role_detail"),
    path("roles/<slug:key>/edit/", role_views.role_edit, name="role_edit"),
    path("roles/<slug:key>/delete/", role_views.role_delete, name="role_delete"),
    path("groups/", group_views.group_list, name="group_list"),
    path("groups/new/", group_views.group_create, name="group_create"),
    path(f"{_GROUP}/", group_views.group_detail, name="group_detail"),
    path(f"{_GROUP}/edit/", group_views.group_edit, name="group_edit"),
    path(f"{_GROUP}/follow/", group_views.group_follow, name="group_follow"),
    path(f"{_GROUP}/delete/", group_views.group_delete, name="group_delete"),
    path(f"{_GROUP}/members/add/", group_views.member_add, name="member_add"),
    path(f"{_GROUP}/members/remove/", group_views.member_remove, name="member_remove"),
    path(
        "service-accounts/",
        service_account_views.service_account_list,
        name="service_account_list",
    ),
    path(
        "service-accounts/new/",
        service_account_views.service_account_create,
        name="service_account_create",
    ),
    path(
        f"{_SERVICE_ACCOUNT}/",
        service_account_views.service_account_detail,
        name="service_account_detail",
    ),
    path(
        f"{_SERVICE_ACCOUNT}/edit/",
        service_account_views.service_account_edit,
        name="service_account_edit",
    ),
    path(
        f"{_SERVICE_ACCOUNT}/rotate/",
        service_account_views.service_account_rotate,
        name="service_account_rotate",
    ),
    path(
        f"{_SERVICE_ACCOUNT}/revoke/",
        service_account_views.service_account_revoke,
        name="service_account_revoke",
    ),
    path("users/", people_views.person_list, name="person_list"),
    path("users/invite/", people_actions.person_invite, name="person_invite"),
    path(f"{_USER}/", people_views.person_detail, name="person_detail"),
    path(f"{_USER}/edit/", people_views.person_edit, name="person_edit"),
    path(f"{_USER}/resend/", people_actions.person_resend, name="person_resend"),
    path(f"{_USER}/withdraw/", people_actions.person_withdraw, name="person_withdraw"),
    path(f"{_USER}/disable/", people_actions.person_disable, name="person_disable"),
    path(f"{_USER}/enable/", people_actions.person_enable, name="person_enable"),
    path(f"{_USER}/remove/", people_actions.person_remove, name="person_remove"),
    path(f"{_USER}/retry/", people_actions.person_retry, name="person_retry"),
    path("audit/", audit_views.audit, name="audit"),
    path("audit/export/", audit_views.audit_export, name="audit_export"),
    path("audit/<uuid:entry_id>/", audit_views.audit_entry, name="audit_entry"),
    path("files/", file_views.file_list, name="file_list"),
    path("files/upload/", file_views.file_upload, name="file_upload"),
    path("files/folder/", file_views.folder_make, name="folder_make"),
    path("files/folder/delete/", file_views.folder_delete, name="folder_delete"),
    path("files/delete/", file_views.file_delete, name="file_delete"),
    path("files/link/", file_views.file_link, name="file_link"),
    path("files/open/", file_views.file_open, name="file_open"),
    path("files/get/<str:link>/", file_views.file_download, name="file_download"),
    path("settings/", settings_views.settings_general, name="settings_general"),
    path("settings/theme/", settings_views.settings_theme, name="settings_theme"),
    path("settings/security/", settings_views.settings_security, name="settings_security"),
    path("settings/danger/", settings_views.settings_danger, name="settings_danger"),
    path("settings/danger/withdraw/", settings_views.deletion_withdraw, name="deletion_withdraw"),
    path("settings/theme/preview/", settings_views.theme_preview, name="theme_preview"),
    path(
        "settings/theme/preview/<slug:digits>.css",
        settings_views.preview_style,
        name="preview_style",
    ),
    path("why/", why_views.why, name="why"),
    path("ownership/", ownership_views.ownership, name="ownership"),
    *profile_patterns,
    *avatar_patterns,
]
