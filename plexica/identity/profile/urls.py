"""The addresses of one's own profile, which console and workspace each take among their own."""

from django.urls import URLPattern, path

from plexica.identity.profile import avatar_views, security_views, session_views, views

profile_patterns: list[URLPattern] = [
    path("profile/", views.profile, name="profile"),
    path("profile/retry/", views.profile_retry, name="profile_retry"),
    path("profile/theme/", views.profile_theme, name="profile_theme"),
    path("profile/sessions/", session_views.session_list, name="session_list"),
    path("profile/sessions/end/", session_views.session_end, name="session_end"),
    path("profile/sessions/others/", session_views.session_end_others, name="session_end_others"),
    path("profile/security/", security_views.profile_security, name="profile_security"),
    path(
        "profile/security/begin/",
        security_views.profile_security_begin,
        name="profile_security_begin",
    ),
]

# The platform's staff have no bucket, and so no pictures.
avatar_patterns: list[URLPattern] = [
    path("profile/picture/", avatar_views.avatar_change, name="avatar_change"),
    path("profile/picture/remove/", avatar_views.avatar_remove, name="avatar_remove"),
    path("people/<uuid:user_id>/picture/<str:name>", avatar_views.avatar, name="avatar"),
]
