"""The addresses of a hosted plugin: the host's two, and the plugin's own at its root."""

from django.conf import settings
from django.urls import include, path

from plexica_sdk.hosting.middleware import READY_PATH
from plexica_sdk.hosting.views import migrate, ready

handler400 = "plexica_sdk.hosting.answers.bad_request"
handler403 = "plexica_sdk.hosting.answers.forbidden"
handler404 = "plexica_sdk.hosting.answers.not_found"
handler500 = "plexica_sdk.hosting.answers.failed"

urlpatterns = [
    path(READY_PATH.lstrip("/"), ready),
    path("_plexica/migrate", migrate),
    path("", include(settings.PLEXICA_URLS)),  # type: ignore[misc] # set by configure()
]
