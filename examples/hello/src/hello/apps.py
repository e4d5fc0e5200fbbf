from django.apps import AppConfig


class HelloConfig(AppConfig):
    """The plugin as an ordinary Django app."""

    name = "hello"
    verbose_name = "Hello"
