from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_inspection")]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="session_idle_minutes",
            field=models.PositiveSmallIntegerField(db_default=30, default=30),
        ),
        migrations.AddField(
            model_name="tenant",
            name="session_max_minutes",
            field=models.PositiveSmallIntegerField(db_default=600, default=600),
        ),
    ]
