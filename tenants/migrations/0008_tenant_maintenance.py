import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0007_tenant_workspace_settings"),
    ]

    operations = [
        migrations.AlterField(
            model_name="provisioningrun",
            name="kind",
            field=models.CharField(
                choices=[
                    ("create", "Creation"),
                    ("suspend", "Suspension"),
                    ("resume", "Resumption"),
                    ("delete", "Deletion"),
                    ("restore", "Restoration"),
                    ("purge", "Removal"),
                    ("upgrade", "Upgrade"),
                ],
                default="create",
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("repairs", models.BooleanField(default=False)),
                ("asked_by_kind", models.CharField(max_length=20)),
                ("asked_by_id", models.CharField(max_length=255)),
                ("asked_by_name", models.CharField(max_length=255)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(null=True)),
                ("parts", models.JSONField(default=list)),
                ("skipped", models.CharField(blank=True, max_length=300)),
                (
                    "tenant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reconciliation",
                        to="tenants.tenant",
                    ),
                ),
            ],
        ),
    ]
