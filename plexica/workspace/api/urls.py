"""The addresses of a workspace's API. None ends with a slash."""

from django.urls import path

from plexica.workspace.api import people_views, service_account_views, views

app_name = "workspace_api"

urlpatterns = [
    path("me", views.MeView.as_view(), name="me"),
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
