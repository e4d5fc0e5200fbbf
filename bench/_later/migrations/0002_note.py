from django.db import migrations, models


class Migration(migrations.Migration):
    """A column more, as a later release might bring it."""

    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.AddField(
            "auditentry", "note", models.CharField(max_length=50, default="", db_default="")
        )
    ]
