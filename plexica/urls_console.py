"""The console's addresses: the platform's own host."""

from django.urls import include, path

urlpatterns = [
    path("oidc/", include("plexica.identity.oidc.urls")),
    path("api/", include("tenants.api.urls")),
    path("api/", include("plexica.console.api_urls")),
    path("api/", include("plugins.api.urls")),
    path("", include("plexica.console.urls")),
]

handler400 = "plexica.core.error_pages.bad_request"
handler403 = "plexica.core.error_pages.permission_denied"
handler404 = "plexica.core.error_pages.not_found"
handler500 = "plexica.core.error_pages.server_error"
