from django.urls import path

from plexica.workspace import group_views, ownership_views, role_views, views, why_views

app_name = "workspace"

_GROUP = "groups/<uuid:group_id>"

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
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
    path("why/", why_views.why, name="why"),
    path("ownership/", ownership_views.ownership, name="ownership"),
]
