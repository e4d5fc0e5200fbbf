from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("plugins", "0004_installation_target_settings")]

    operations = [
        migrations.AddField(
            model_name="backend",
            name="attached_until",
            field=models.DateTimeField(null=True),
        ),
    ]
