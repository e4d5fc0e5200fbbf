from django.urls import path
from django.views.generic import RedirectView

from plexica.console import life_views, staff_views, views

app_name = "console"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="console:tenant_list"), name="home"),
    path("tenants/", views.tenant_list, name="tenant_list"),
    # No tenant is called `new`: tenants.slugs reserves it.
    path("tenants/new/", views.tenant_create, name="tenant_create"),
    path("tenants/new/check/", views.slug_check, name="slug_check"),
    path("tenants/<slug:slug>/", views.tenant_detail, name="tenant_detail"),
    path("tenants/<slug:slug>/edit/", views.tenant_edit, name="tenant_edit"),
    path("tenants/<slug:slug>/suspend/", life_views.tenant_suspend, name="tenant_suspend"),
    path("tenants/<slug:slug>/resume/", life_views.tenant_resume, name="tenant_resume"),
    path("tenants/<slug:slug>/restore/", life_views.tenant_restore, name="tenant_restore"),
    path("tenants/<slug:slug>/free/", life_views.tenant_free, name="tenant_free"),
    path("tenants/<slug:slug>/decline/", life_views.deletion_decline, name="deletion_decline"),
    path("tenants/<slug:slug>/delete/", life_views.tenant_delete, name="tenant_delete"),
    path("tenants/<slug:slug>/runs/<uuid:run_id>/", views.run_detail, name="run_detail"),
    path("tenants/<slug:slug>/runs/<uuid:run_id>/retry/", views.run_retry, name="run_retry"),
    path("staff/", staff_views.staff_list, name="staff_list"),
    path("staff/<uuid:user_id>/", staff_views.staff_detail, name="staff_detail"),
    path("staff/<uuid:user_id>/give/", staff_views.role_give, name="staff_role_give"),
    path("staff/<uuid:user_id>/take/", staff_views.role_take, name="staff_role_take"),
    path(
        "tenants/<slug:slug>/runs/<uuid:run_id>/rollback/",
        views.run_rollback,
        name="run_rollback",
    ),
]
