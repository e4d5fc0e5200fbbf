"""The Celery application."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init
from django_structlog.celery.steps import DjangoStructLogInitStep

from plexica.core.jobs import ScopedTask
from plexica.core.observe.listener import start_observing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plexica.settings")

app = Celery("plexica", task_cls=ScopedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def _use_django_logging(**_: Any) -> None:
    """Keep Celery from replacing the logging that Django has set up."""


@worker_init.connect
def _observe_worker(sender: Any = None, **_: Any) -> None:
    """Answer Prometheus; a worker's program is the first part of its name, `worker@…`."""
    start_observing(sender.hostname.partition("@")[0])


@beat_init.connect
def _observe_beat(**_: Any) -> None:
    start_observing("beat")
