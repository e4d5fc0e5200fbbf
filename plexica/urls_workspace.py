"""A workspace's addresses: the hosts of the tenants."""

from django.urls import include, path

urlpatterns = [
    path("oidc/", include("plexica.identity.oidc.urls")),
    path("api/", include("plexica.workspace.api.urls")),
    path("theme/", include("plexica.workspace.theme_urls")),
    path("support/", include("plexica.workspace.support_urls")),
    path("", include("plugins.gateway.urls")),
    path("", include("plexica.workspace.urls")),
]

handler400 = "plexica.core.error_pages.bad_request"
handler403 = "plexica.core.error_pages.permission_denied"
handler404 = "plexica.core.error_pages.not_found"
handler500 = "plexica.core.error_pages.server_error"
