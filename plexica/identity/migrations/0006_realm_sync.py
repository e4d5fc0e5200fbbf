from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0003_service_account")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="removed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name="RealmSync",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("cursor", models.BigIntegerField(default=0)),
                ("seen", models.JSONField(default=list)),
                ("polled_at", models.DateTimeField(null=True)),
                ("all_read_at", models.DateTimeField(null=True)),
                ("demand", models.UUIDField(null=True)),
                ("failing_since", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=255)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="realm_sync_one_row")
                ],
            },
        ),
    ]
