from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0008_tenant_maintenance"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="tenant",
            index=models.Index(fields=["name", "id"], name="tenant_by_name"),
        ),
        migrations.AddIndex(
            model_name="tenant",
            index=models.Index(fields=["owner_email", "id"], name="tenant_by_owner"),
        ),
    ]
