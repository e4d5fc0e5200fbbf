"""Where plugins are in a workspace. All below the first segment is a plugin's own."""

from django.urls import path

from plugins.gateway import api_views, static_files, views

app_name = "plugins"

urlpatterns = [
    path("x/<slug:plugin>/", views.plugin_page, name="plugin_root"),
    path("x/<slug:plugin>/<path:path>", views.plugin_page, name="plugin_page"),
    path("x-static/<slug:digest>/<path:name>", static_files.static_file, name="plugin_static"),
    path("api/x/<slug:plugin>/", api_views.PluginAPIView.as_view(), name="plugin_api_root"),
    path("api/x/<slug:plugin>/<path:path>", api_views.PluginAPIView.as_view(), name="plugin_api"),
]
