"""The API's addresses. None but the description's ends with a slash."""

from django.urls import path, re_path

from tenants.api import views

app_name = "api"

urlpatterns = [
    path("schema/", views.SchemaView.as_view(), name="schema"),
    path("docs/", views.DocsView.as_view(), name="docs"),
    path("tenants", views.TenantListView.as_view(), name="tenants"),
    path("tenants/<slug:slug>", views.TenantView.as_view(), name="tenant"),
    path("tenants/<slug:slug>/runs", views.RunListView.as_view(), name="runs"),
    path("tenants/<slug:slug>/runs/<uuid:run_id>", views.RunView.as_view(), name="run"),
    path(
        "tenants/<slug:slug>/runs/<uuid:run_id>/retry",
        views.RunRetryView.as_view(),
        name="run_retry",
    ),
    re_path(r"^tenants(?:/.*)?/$", views.redirect_to_canonical),
]
