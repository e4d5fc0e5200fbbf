"""Where visits of the platform's staff begin and end; their views need no permission (ADR 15)."""

from django.urls import path

from plexica.workspace import support_views

app_name = "support"

urlpatterns = [
    path("begin/", support_views.support_begin, name="begin"),
    path("enter/", support_views.support_enter, name="enter"),
    path("leave/", support_views.support_leave, name="leave"),
    path("ended/", support_views.support_ended, name="ended"),
]
