"""The API's addresses. None but the description's ends with a slash.

One that does, with a slash too many, leads to the one without. The project's `APPEND_SLASH` adds a
slash only where that leads somewhere, so the two never send anybody back and forth.
"""

from django.urls import path

from tenants.api import life_views, views

app_name = "api"

_TENANT = "tenants/<slug:slug>"
_RUN = f"{_TENANT}/runs/<uuid:run_id>"
_ROUTES = {
    "tenants": ("tenants", views.TenantListView),
    _TENANT: ("tenant", views.TenantView),
    f"{_TENANT}/suspend": ("tenant_suspend", life_views.SuspendView),
    f"{_TENANT}/resume": ("tenant_resume", life_views.ResumeView),
    f"{_TENANT}/restore": ("tenant_restore", life_views.RestoreView),
    f"{_TENANT}/free": ("tenant_free", life_views.FreeView),
    f"{_TENANT}/runs": ("runs", views.RunListView),
    _RUN: ("run", views.RunView),
    f"{_RUN}/retry": ("run_retry", views.RunRetryView),
}

urlpatterns = [
    path("schema/", views.SchemaView.as_view(), name="schema"),
    path("docs/", views.DocsView.as_view(), name="docs"),
    *(path(route, view.as_view(), name=name) for route, (name, view) in _ROUTES.items()),
    *(path(f"{route}/", views.redirect_to_canonical) for route in _ROUTES),
]
