"""The addresses of one's own profile, which console and workspace each take among their own."""

from django.urls import URLPattern, path

from plexica.identity.profile import views

profile_patterns: list[URLPattern] = [
    path("profile/", views.profile, name="profile"),
    path("profile/retry/", views.profile_retry, name="profile_retry"),
    path("profile/theme/", views.profile_theme, name="profile_theme"),
]
