import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("plugins", "0001_initial"),
        ("tenants", "0013_run_alter_kind"),
    ]

    operations = [
        migrations.AddField(
            model_name="release",
            name="unconfined_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="release",
            name="unconfined_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.CreateModel(
            name="Installation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("INSTALLING", "Being installed"),
                            ("ENABLED", "Enabled"),
                            ("DISABLED", "Disabled"),
                            ("UPGRADING", "Being upgraded"),
                            ("UNINSTALLING", "Uninstalled"),
                            ("FAILED", "Could not be installed"),
                        ],
                        default="INSTALLING",
                        max_length=20,
                    ),
                ),
                ("uses", models.JSONField(default=list)),
                ("settings", models.JSONField(default=dict)),
                ("installed_by", models.CharField(max_length=255)),
                ("installed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("purge_after", models.DateTimeField(null=True)),
                (
                    "plugin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="installations",
                        to="plugins.plugin",
                    ),
                ),
                (
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="installations",
                        to="plugins.release",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="installations",
                        to="tenants.provisioningrun",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="plugins.release",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="installations",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["installed_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="InstallationSecret",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("ciphertext", models.TextField()),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "installation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="secrets",
                        to="plugins.installation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Backend",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("is_wanted", models.BooleanField(default=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("STOPPED", "Stopped"),
                            ("STARTING", "Starting"),
                            ("READY", "Running"),
                            ("WAITING", "Waits to be started again"),
                            ("QUARANTINED", "In quarantine"),
                            ("REFUSED", "May not run here"),
                        ],
                        default="STOPPED",
                        max_length=20,
                    ),
                ),
                ("runtime", models.CharField(blank=True, max_length=20)),
                ("address", models.CharField(blank=True, max_length=100)),
                ("handle", models.CharField(blank=True, max_length=200)),
                ("ciphertext", models.TextField(blank=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("ready_at", models.DateTimeField(null=True)),
                ("retry_at", models.DateTimeField(null=True)),
                ("crashes", models.JSONField(default=list)),
                ("restarts", models.PositiveIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("log_tail", models.TextField(blank=True)),
                ("seen_at", models.DateTimeField(null=True)),
                (
                    "release",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="backend",
                        to="plugins.release",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "STOPPED",
                                    "STARTING",
                                    "READY",
                                    "WAITING",
                                    "QUARANTINED",
                                    "REFUSED",
                                ],
                            )
                        ),
                        name="backend_state_known",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="installation",
            index=models.Index(
                condition=models.Q(("purge_after__isnull", False)),
                fields=["purge_after"],
                name="installation_purge_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="installation",
            constraint=models.UniqueConstraint(
                fields=("tenant", "plugin"), name="installation_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="installation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "INSTALLING",
                            "ENABLED",
                            "DISABLED",
                            "UPGRADING",
                            "UNINSTALLING",
                            "FAILED",
                        ],
                    )
                ),
                name="installation_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="installationsecret",
            constraint=models.UniqueConstraint(
                fields=("installation", "name"), name="installation_secret_unique"
            ),
        ),
    ]
