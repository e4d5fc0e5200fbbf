from django.apps import AppConfig


class BackupConfig(AppConfig):
    """Backups: tenants in archives, and back."""

    name = "plexica.backup"
    label = "backup"

    def ready(self) -> None:
        """Register the kind of run by which a tenant comes back."""
        from plexica.backup.kinds import FromBackup  # noqa: PLC0415 (models are loaded now)
        from tenants.provisioning.kinds import register_kind  # noqa: PLC0415 (the same)

        register_kind(FromBackup())
