"""The addresses of the registry's API. None ends with a slash.

No plugin is called `development`, `releases` or `keys`: `plexica_sdk.rules` reserves them.
"""

from django.urls import path

from plugins.api import backend_views, development_views, installation_views, views

app_name = "plugins_api"

_RELEASE = "plugins/<slug:slug>/releases/<str:version>"

urlpatterns = [
    path("plugins", views.PluginListView.as_view(), name="plugins"),
    path("plugins/releases", views.RegisterView.as_view(), name="register"),
    path("plugins/development", development_views.DevelopmentView.as_view(), name="development"),
    path(
        "plugins/development/<slug:slug>",
        development_views.DevelopedPluginView.as_view(),
        name="developed_plugin",
    ),
    path(
        "plugins/development/<slug:slug>/<str:version>",
        development_views.DevelopedReleaseView.as_view(),
        name="developed_release",
    ),
    path(
        "plugins/development/<slug:slug>/<str:version>/installation",
        development_views.DevelopedInstallationView.as_view(),
        name="developed_installation",
    ),
    path("plugins/keys", views.KeyListView.as_view(), name="keys"),
    path("plugins/keys/<uuid:key_id>/revoke", views.KeyRevokeView.as_view(), name="key_revoke"),
    path("plugins/<slug:slug>", views.PluginView.as_view(), name="plugin"),
    path("plugins/<slug:slug>/releases", views.PluginReleasesView.as_view(), name="releases"),
    path(
        "plugins/<slug:slug>/installations",
        installation_views.PluginInstallationsView.as_view(),
        name="installations",
    ),
    path(_RELEASE, views.ReleaseView.as_view(), name="release"),
    path(f"{_RELEASE}/publish", views.PublishView.as_view(), name="publish"),
    path(f"{_RELEASE}/deprecate", views.DeprecateView.as_view(), name="deprecate"),
    path(f"{_RELEASE}/withdraw", views.WithdrawView.as_view(), name="withdraw"),
    path(f"{_RELEASE}/unconfine", backend_views.UnconfineView.as_view(), name="unconfine"),
    path(f"{_RELEASE}/confine", backend_views.ConfineView.as_view(), name="confine"),
    path(f"{_RELEASE}/backend", backend_views.BackendView.as_view(), name="backend"),
    path(
        f"{_RELEASE}/backend/restart",
        backend_views.BackendRestartView.as_view(),
        name="backend_restart",
    ),
    path(
        f"{_RELEASE}/backend/end-quarantine",
        backend_views.QuarantineView.as_view(),
        name="backend_end_quarantine",
    ),
]
