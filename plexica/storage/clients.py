"""Connections to the S3 servers that tenants live on (`settings.S3_SERVERS`)."""

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from django.conf import settings
from django.utils.translation import gettext_noop

from plexica.core.context import outgoing_headers
from plexica.core.errors import PermanentError
from plexica.core.fence import check_fence

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

    from plexica.settings.servers import S3Server

_CONNECT_SECONDS = 3
_READ_SECONDS = 20
_ATTEMPTS = 3
_QUICK_SECONDS = 3
_MAX_CONNECTIONS = 20
_MAX_SERVERS = 64

# A client may be used by many threads at once; a session may make only one client at a time.
_lock = Lock()


def get_server(key: str) -> "S3Server":
    """Return a server's address and keys.

    Raises:
        PermanentError: The settings know no such server.
    """
    servers: dict[str, S3Server] = settings.S3_SERVERS
    try:
        return servers[key]
    except KeyError as error:
        raise PermanentError(
            gettext_noop("The storage server of this tenant is not configured here.")
        ) from error


def get_client(key: str) -> "S3Client":
    """Return the client of a server; threads share it.

    Raises:
        PermanentError: The settings know no such server.
    """
    client: S3Client = get_resource(get_server(key)).meta.client
    return client


def get_quick_client(key: str) -> "S3Client":
    """Return the client of a server that gives up soon, for pages that can do without an answer.

    Raises:
        PermanentError: The settings know no such server.
    """
    return _make_quick_client(get_server(key))


def get_resource(server: "S3Server") -> Any:
    """Return boto3's resource of a server, with the client that threads share.

    Resources are not safe for threads because they remember what they loaded; this one, the service
    itself, has nothing to load. What is got from it (a bucket, an object) belongs to one thread.
    """
    with _lock:
        return _make_resource(server)


def make_config(*, connect_seconds: float, read_seconds: float, attempts: int) -> Config:
    """Return how a server is spoken to.

    Args:
        connect_seconds: How long to wait for a connection.
        read_seconds: How long to wait for each piece of an answer.
        attempts: How often a call is tried at most, the first time included.
    """
    return Config(
        signature_version="s3v4",
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        max_pool_connections=_MAX_CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": attempts},
        # Path addressing needs no DNS name for each bucket.
        s3={"addressing_style": "path"},
        # Servers other than Amazon's need not know the newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def make_client(server: "S3Server", config: Config) -> "S3Client":
    """Return a new client of a server."""
    with _lock:
        client: S3Client = _session().client("s3", config=config, **_address(server))
        return client


@lru_cache(maxsize=1)
def _session() -> boto3.Session:
    session = boto3.Session()
    # Of all events, this one comes before each attempt and outside botocore's own handling of
    # failures: what the fence raises ends the call as it is, and is never taken for an answer.
    session.events.register("request-created.s3", _before_request)
    return session


def _before_request(request: Any, **_event: object) -> None:
    check_fence()
    for name, value in outgoing_headers().items():
        request.headers[name] = value


@lru_cache(maxsize=_MAX_SERVERS)
def _make_quick_client(server: "S3Server") -> "S3Client":
    return make_client(
        server,
        make_config(connect_seconds=_QUICK_SECONDS, read_seconds=_QUICK_SECONDS, attempts=1),
    )


@lru_cache(maxsize=_MAX_SERVERS)
def _make_resource(server: "S3Server") -> Any:
    config = make_config(
        connect_seconds=_CONNECT_SECONDS, read_seconds=_READ_SECONDS, attempts=_ATTEMPTS
    )
    return _session().resource("s3", config=config, **_address(server))


def _address(server: "S3Server") -> dict[str, Any]:
    return {
        "endpoint_url": server.endpoint_url,
        "aws_access_key_id": server.access_key,
        "aws_secret_access_key": server.secret_key,
        "region_name": server.region,
    }
