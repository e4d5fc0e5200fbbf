from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="outboxmessage",
            name="request_id",
            field=models.CharField(max_length=128, null=True),
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="trace",
            field=models.CharField(max_length=64, null=True),
        ),
    ]
