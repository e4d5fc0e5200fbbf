"""The Celery application."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

from plexica.core.jobs import ScopedTask

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plexica.settings")

app = Celery("plexica", task_cls=ScopedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def _use_django_logging(**_: Any) -> None:
    """Keep Celery from replacing the logging that Django has set up."""
