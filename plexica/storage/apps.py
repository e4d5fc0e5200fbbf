from django.apps import AppConfig


class StorageConfig(AppConfig):
    """The bucket of a tenant, and the Django storage backend that finds it."""

    name = "plexica.storage"
    label = "storage"

    def ready(self) -> None:
        """Tell the health page how to ask the S3 servers."""
        from plexica.core.health import register_check  # noqa: PLC0415 (it needs the app registry)
        from plexica.storage.health import check_storage  # noqa: PLC0415 (the same)

        register_check("storage", check_storage)
