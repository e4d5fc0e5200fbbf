"""The addresses of the platform's API that are about its staff. None ends with a slash."""

from django.urls import path

from plexica.console import api

app_name = "console_api"

urlpatterns = [
    path("permissions/explain", api.ExplainView.as_view(), name="explain"),
]
