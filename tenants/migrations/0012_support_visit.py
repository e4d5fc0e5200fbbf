import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0011_run_ended_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="SupportVisit",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("staff_id", models.UUIDField()),
                ("staff_name", models.CharField(max_length=200)),
                ("browser_session", models.UUIDField()),
                ("challenge", models.CharField(max_length=64)),
                ("token_digest", models.CharField(max_length=64, unique=True)),
                ("reason", models.CharField(max_length=300)),
                ("is_writing", models.BooleanField(default=False)),
                ("minutes", models.PositiveSmallIntegerField()),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("begun_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("end_reason", models.CharField(blank=True, max_length=30)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="visits",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "ordering": ["-asked_at", "-id"],
                "indexes": [
                    models.Index(fields=["tenant", "-asked_at"], name="support_visit_newest"),
                    models.Index(
                        condition=models.Q(("begun_at__isnull", False), ("ended_at__isnull", True)),
                        fields=["expires_at"],
                        name="support_visit_going_on",
                    ),
                ],
            },
        ),
    ]
