"""The host's API for plugins, version 1 (docs/plugins/contract.md). None ends with a slash."""

from django.urls import path

from plugins.host_api import file_views, views

app_name = "host_api"

urlpatterns = [
    path("installation", views.InstallationView.as_view(), name="installation"),
    path("database", views.DatabaseView.as_view(), name="database"),
    path("users", views.UsersView.as_view(), name="users"),
    path("files", file_views.FilesView.as_view(), name="files"),
    path("files/<path:key>", file_views.FileView.as_view(), name="file"),
    path("events", views.EventsView.as_view(), name="events"),
    path("mails", views.MailsView.as_view(), name="mails"),
]
