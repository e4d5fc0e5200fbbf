"""Plexica's own processes: web, worker, provisioner, beat and the plugin agent."""

import sys
import time
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import requests
from celery import Celery
from kombu.exceptions import OperationalError

from deploy.local.environment import agent_environment, provisioner_environment, web_environment
from deploy.local.instance import CHECKOUT
from deploy.local.part import Part, Program
from deploy.local.ports import LOOPBACK
from deploy.local.redis import Redis

_TIMEOUT_SECONDS = 5
_PING_SECONDS = 1.0
_LOOK_SECONDS = 15.0


class Web(Part):
    """The web server: one process with threads."""

    name = "web"
    label = "Web"
    port_names = ("web", "metrics_web")

    def program(self) -> Program:
        """Run granian on loopback."""
        return Program(
            name=self.name,
            command=[
                *(_script("granian"), "--interface", "wsgi", "plexica.wsgi:application"),
                *("--host", LOOPBACK, "--port", str(self.instance.ports.web)),
                *("--workers", "1", "--blocking-threads", "16", "--respawn-failed-workers"),
                *("--workers-kill-timeout", "10"),
            ],
            environment=_observed(self, web_environment(self.instance)),
        )

    def is_ready(self) -> bool:
        """Ask for readiness, which asks every server behind it."""
        url = f"http://{LOOPBACK}:{self.instance.ports.web}/health/ready"
        try:
            return requests.get(url, timeout=_TIMEOUT_SECONDS).ok
        except requests.RequestException:
            return False


class _CeleryWorker(Part):
    queue: ClassVar[str]
    arguments: ClassVar[tuple[str, ...]]

    @property
    def _node(self) -> str:
        return f"{self.name}@plexica"

    @cached_property
    def _environment(self) -> dict[str, str]:
        return _observed(self, web_environment(self.instance))

    def program(self) -> Program:
        """Run a worker on its queue."""
        return Program(
            name=self.name,
            command=[
                *(_script("celery"), "-A", "plexica", "worker"),
                *("-Q", self.queue, "-n", self._node, *self.arguments),
                *("--loglevel", "INFO", "--without-gossip", "--without-mingle"),
            ],
            environment=self._environment,
            stop_seconds=40,
        )

    def is_ready(self) -> bool:
        """Ask the worker by name over the broker."""
        app = Celery(broker=Redis(self.instance).broker_url)
        try:
            return bool(app.control.ping(destination=[self._node], timeout=_PING_SECONDS))
        except OperationalError:
            return False
        finally:
            app.close()


class Worker(_CeleryWorker):
    """Runs everyday jobs, with the web's rights."""

    name = "worker"
    label = "Worker"
    port_names = ("metrics_worker",)
    queue = "default"
    arguments = ("--pool", "threads", "--concurrency", "4")


class Provisioner(_CeleryWorker):
    """Makes and takes back tenants, with rights of its own."""

    name = "provisioner"
    label = "Provisioner"
    port_names = ("metrics_provisioner",)
    queue = "provisioning"
    arguments = ("--pool", "threads", "--concurrency", "8")

    @cached_property
    def _environment(self) -> dict[str, str]:
        return _observed(self, provisioner_environment(self.instance))


class Beat(Part):
    """Sends jobs by the clock."""

    name = "beat"
    label = "Beat"
    port_names = ("metrics_beat",)

    def program(self) -> Program:
        """Run the scheduler; what it has sent, it notes under the instance's data."""
        return Program(
            name=self.name,
            command=[
                *(_script("celery"), "-A", "plexica", "beat", "--loglevel", "INFO"),
                *("--schedule", self._schedule, "--pidfile="),
            ],
            environment=_observed(self, web_environment(self.instance)),
        )

    def is_ready(self) -> bool:
        """Take it as ready once it has opened its schedule."""
        return any(self._schedule.parent.glob(f"{self._schedule.name}*"))

    @property
    def _schedule(self) -> Path:
        return self.instance.data / "beat-schedule"


class Plugins(Part):
    """Runs the backends of plugins; they are ended with it, and by `make down` if it was killed."""

    name = "plugins"
    label = "Plugin agent"
    port_names = ("metrics_plugins",)

    def program(self) -> Program:
        """Run the agent."""
        return Program(
            name=self.name,
            command=[Path(sys.executable), CHECKOUT / "manage.py", "plugin_agent"],
            environment=_observed(self, agent_environment(self.instance)),
            stop_seconds=45,
        )

    def is_ready(self) -> bool:
        """See that it has looked at its backends lately."""
        try:
            looked_at = (self.instance.root / "plugins" / "looked").stat().st_mtime
        except FileNotFoundError:
            return False
        return time.time() - looked_at < _LOOK_SECONDS


APP_PARTS: tuple[type[Part], ...] = (Web, Worker, Provisioner, Beat, Plugins)


def _observed(part: Part, environment: dict[str, str]) -> dict[str, str]:
    """Return the variables of a process that answers Prometheus at a port of its own."""
    port = getattr(part.instance.ports, f"metrics_{part.name}")
    return {**environment, "PLEXICA_METRICS_LISTEN": f"{LOOPBACK}:{port}"}


def _script(name: str) -> Path:
    return Path(sys.prefix) / "bin" / name
