from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0010_security_and_deletion_requests"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="provisioningrun",
            index=models.Index(
                condition=models.Q(("state__in", ("FAILED", "ROLLED_BACK", "ROLLBACK_INCOMPLETE"))),
                fields=["-finished_at", "-id"],
                name="run_failed_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="provisioningrun",
            index=models.Index(
                condition=models.Q(("state", "SUCCEEDED")),
                fields=["kind", "-finished_at"],
                name="run_succeeded_newest",
            ),
        ),
    ]
