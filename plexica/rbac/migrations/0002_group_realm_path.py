from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rbac", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="group",
            name="realm_path",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
        migrations.AddField(
            model_name="group",
            name="realm_group_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="groupmembership",
            name="source",
            field=models.CharField(
                choices=[("manual", "By a person"), ("realm", "By the login realm")],
                db_default="manual",
                default="manual",
                max_length=10,
            ),
        ),
    ]
