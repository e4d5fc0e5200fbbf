from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("plugins", "0003_installation_state_before"),
    ]

    operations = [
        migrations.AddField(
            model_name="installation",
            name="target_settings",
            field=models.JSONField(null=True),
        ),
    ]
