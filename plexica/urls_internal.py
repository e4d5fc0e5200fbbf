"""What plugins' backends call, at the internal address, whatever host they name."""

from django.urls import include, path

urlpatterns = [path("api/host/v1/", include("plugins.host_api.urls"))]

handler400 = "plexica.core.error_pages.bad_request"
handler403 = "plexica.core.error_pages.permission_denied"
handler404 = "plexica.core.error_pages.not_found"
handler500 = "plexica.core.error_pages.server_error"
