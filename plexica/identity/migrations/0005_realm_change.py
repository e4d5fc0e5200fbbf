import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0004_browser_sessions"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="removed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="realm_version",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name="RealmChange",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="realm_change",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=0)),
                ("is_creation", models.BooleanField(default=False)),
                ("is_enabled", models.BooleanField(null=True)),
                ("first_name", models.CharField(max_length=255, null=True)),
                ("last_name", models.CharField(max_length=255, null=True)),
                ("is_removal", models.BooleanField(default=False)),
                ("ends_sessions", models.BooleanField(default=False)),
                ("sends_mail", models.BooleanField(default=False)),
                ("is_passed_over", models.BooleanField(default=False)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("has_failed", models.BooleanField(default=False)),
                ("claim", models.UUIDField(null=True)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("asked_by_kind", models.CharField(max_length=20)),
                ("asked_by_id", models.CharField(max_length=255)),
                ("asked_by_name", models.CharField(max_length=255)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["next_attempt_at"],
                "indexes": [models.Index(fields=["next_attempt_at"], name="realm_change_due")],
            },
        ),
    ]
