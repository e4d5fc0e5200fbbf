from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0012_support_visit"),
    ]

    operations = [
        migrations.AlterField(
            model_name="provisioningrun",
            name="kind",
            field=models.CharField(
                choices=[
                    ("create", "Creation"),
                    ("suspend", "Suspension"),
                    ("resume", "Resumption"),
                    ("delete", "Deletion"),
                    ("restore", "Restoration"),
                    ("purge", "Removal"),
                    ("upgrade", "Upgrade"),
                    ("plugin-install", "Installation of a plugin"),
                    ("plugin-upgrade", "Upgrade of a plugin"),
                    ("plugin-uninstall", "Uninstallation of a plugin"),
                ],
                default="create",
                max_length=20,
            ),
        ),
    ]
