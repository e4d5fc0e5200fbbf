from django.urls import path

from hello import views

app_name = "hello"
urlpatterns = [
    path("", views.page, name="page"),
    path("notes/", views.add, name="add"),
    path("widget/", views.widget, name="widget"),
    path("api/notes", views.api, name="api"),
]
