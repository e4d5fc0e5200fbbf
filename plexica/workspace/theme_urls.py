from django.urls import re_path

from plexica.workspace import theme_views

app_name = "theme"

urlpatterns = [
    re_path(r"^(?P<digest>[0-9a-f]{32})\.css$", theme_views.theme_style, name="style"),
    re_path(
        r"^(?P<digest>[0-9a-f]{32})\.(?P<ending>png|webp)$",
        theme_views.theme_picture,
        name="picture",
    ),
]
