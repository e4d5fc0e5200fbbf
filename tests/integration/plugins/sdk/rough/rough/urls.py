from django.urls import path

from rough import views

urlpatterns = [
    path("things", views.things),
    path("fail", views.write_then_fail),
    path("stream", views.stream),
    path("thread", views.in_a_thread),
    path("sql", views.run_sql),
    path("slow", views.wait_for_the_file),
    path("files", views.use_files),
    path("people", views.people),
    path("mail", views.mail),
    path("publish", views.publish),
    path("large", views.large_file),
]
