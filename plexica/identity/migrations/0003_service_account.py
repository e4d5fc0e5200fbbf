import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="kind",
            field=models.CharField(
                choices=[("person", "Person"), ("service_account", "Service account")],
                db_default="person",
                default="person",
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="ServiceAccount",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="service_account",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("client_id", models.CharField(max_length=64, unique=True)),
                ("name", models.CharField(max_length=100)),
                ("description", models.CharField(blank=True, max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("creating", "Being made"),
                            ("active", "Active"),
                            ("revoked", "Revoked"),
                            ("abandoned", "Not made"),
                        ],
                        default="creating",
                        max_length=20,
                    ),
                ),
                ("is_client_left", models.BooleanField(default=False)),
                ("created_by", models.CharField(max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("secret_rotated_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["name", "created_at"],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("state__in", ["creating", "active"])),
                        name="service_account_name_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["creating", "active", "revoked", "abandoned"])
                        ),
                        name="service_account_state_known",
                    ),
                ],
            },
        ),
    ]
