from django.urls import path, re_path

from plexica.console import (
    audit_views,
    backend_views,
    dashboard_views,
    detail_views,
    health_views,
    life_views,
    maintenance_views,
    plugin_views,
    staff_views,
    support_views,
    tenant_list_views,
    views,
)
from plexica.identity.profile.urls import profile_patterns

app_name = "console"

urlpatterns = [
    path("", dashboard_views.dashboard, name="dashboard"),
    path("dashboard/servers/", dashboard_views.dashboard_health, name="dashboard_health"),
    path("tenants/", tenant_list_views.tenant_list, name="tenant_list"),
    # Beside the tenants, of which one may be called like anything.
    path("tenants.csv", tenant_list_views.tenant_export, name="tenant_export"),
    re_path(
        r"^tenants-bulk/(?P<action>suspend|resume)/$",
        tenant_list_views.tenant_bulk,
        name="tenant_bulk",
    ),
    # No tenant is called `new`: tenants.slugs reserves it.
    path("tenants/new/", views.tenant_create, name="tenant_create"),
    path("tenants/new/check/", views.slug_check, name="slug_check"),
    path("tenants/<slug:slug>/", detail_views.tenant_detail, name="tenant_detail"),
    path("tenants/<slug:slug>/realm/", detail_views.tenant_realm, name="tenant_realm"),
    path("tenants/<slug:slug>/bucket/", detail_views.tenant_bucket, name="tenant_bucket"),
    path("tenants/<slug:slug>/people/", detail_views.tenant_people, name="tenant_people"),
    path("tenants/<slug:slug>/runs/", detail_views.tenant_runs, name="tenant_runs"),
    path("tenants/<slug:slug>/upgrade/", maintenance_views.tenant_upgrade, name="tenant_upgrade"),
    path(
        "tenants/<slug:slug>/reconcile/",
        maintenance_views.tenant_reconcile,
        name="tenant_reconcile",
    ),
    path(
        "tenants/<slug:slug>/reconciliation/",
        maintenance_views.tenant_reconciliation,
        name="tenant_reconciliation",
    ),
    path("tenants/<slug:slug>/support/", support_views.tenant_support, name="tenant_support"),
    path(
        "tenants/<slug:slug>/support/<uuid:visit_id>/end/",
        support_views.support_end,
        name="support_end",
    ),
    path("tenants/<slug:slug>/owner/", maintenance_views.tenant_owner, name="tenant_owner"),
    path(
        "tenants/<slug:slug>/owner/invite/",
        maintenance_views.owner_invite,
        name="tenant_owner_invite",
    ),
    path("tenants/<slug:slug>/edit/", views.tenant_edit, name="tenant_edit"),
    path("tenants/<slug:slug>/suspend/", life_views.tenant_suspend, name="tenant_suspend"),
    path("tenants/<slug:slug>/resume/", life_views.tenant_resume, name="tenant_resume"),
    path("tenants/<slug:slug>/restore/", life_views.tenant_restore, name="tenant_restore"),
    path("tenants/<slug:slug>/free/", life_views.tenant_free, name="tenant_free"),
    path("tenants/<slug:slug>/decline/", life_views.deletion_decline, name="deletion_decline"),
    path("tenants/<slug:slug>/delete/", life_views.tenant_delete, name="tenant_delete"),
    path("tenants/<slug:slug>/runs/<uuid:run_id>/", views.run_detail, name="run_detail"),
    path("tenants/<slug:slug>/runs/<uuid:run_id>/retry/", views.run_retry, name="run_retry"),
    path("plugins/", plugin_views.plugin_list, name="plugin_list"),
    # No plugin is called `register`, `keys` or `backends`: plexica_sdk.rules reserves them.
    path("plugins/backends/", backend_views.backend_list, name="plugin_backends"),
    path("plugins/register/", plugin_views.plugin_register, name="plugin_register"),
    path("plugins/keys/", plugin_views.key_list, name="plugin_keys"),
    path("plugins/keys/trust/", plugin_views.key_trust, name="plugin_key_trust"),
    path("plugins/keys/<uuid:key_id>/revoke/", plugin_views.key_revoke, name="plugin_key_revoke"),
    path("plugins/<slug:slug>/", plugin_views.plugin_detail, name="plugin_detail"),
    path(
        "plugins/<slug:slug>/<str:version>/",
        plugin_views.release_detail,
        name="plugin_release",
    ),
    path(
        "plugins/<slug:slug>/<str:version>/publish/",
        plugin_views.release_publish,
        name="plugin_release_publish",
    ),
    path(
        "plugins/<slug:slug>/<str:version>/deprecate/",
        plugin_views.release_deprecate,
        name="plugin_release_deprecate",
    ),
    path(
        "plugins/<slug:slug>/<str:version>/withdraw/",
        plugin_views.release_withdraw,
        name="plugin_release_withdraw",
    ),
    path(
        "plugins/<slug:slug>/<str:version>/backend/",
        backend_views.backend_detail,
        name="plugin_backend",
    ),
    path(
        "plugins/<slug:slug>/<str:version>/backend/restart/",
        backend_views.backend_restart,
        name="plugin_backend_restart",
    ),
    path(
        "plugins/<slug:slug>/<str:version>/backend/end-quarantine/",
        backend_views.backend_end_quarantine,
        name="plugin_backend_end_quarantine",
    ),
    path(
        "plugins/<slug:slug>/<str:version>/backend/unconfine/",
        backend_views.backend_unconfine,
        name="plugin_backend_unconfine",
    ),
    path(
        "plugins/<slug:slug>/<str:version>/backend/confine/",
        backend_views.backend_confine,
        name="plugin_backend_confine",
    ),
    path("health-status/", health_views.health_status, name="health_status"),
    path("audit/", audit_views.audit, name="audit"),
    path("audit/export/", audit_views.audit_export, name="audit_export"),
    path("audit/<uuid:entry_id>/", audit_views.audit_entry, name="audit_entry"),
    path("staff/", staff_views.staff_list, name="staff_list"),
    path("staff/<uuid:user_id>/", staff_views.staff_detail, name="staff_detail"),
    path("staff/<uuid:user_id>/give/", staff_views.role_give, name="staff_role_give"),
    path("staff/<uuid:user_id>/take/", staff_views.role_take, name="staff_role_take"),
    path(
        "tenants/<slug:slug>/runs/<uuid:run_id>/rollback/",
        views.run_rollback,
        name="run_rollback",
    ),
    *profile_patterns,
]
