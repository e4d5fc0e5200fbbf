from django.urls import path

from plexica.workspace import views

app_name = "workspace"

urlpatterns = [path("", views.dashboard, name="dashboard")]
