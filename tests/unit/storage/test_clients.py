"""How servers are spoken to: no server is needed to look at the configuration."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from pytest_django.fixtures import Settings

from plexica.core.errors import PermanentError
from plexica.core.scope import NoScope, platform_scope
from plexica.settings.servers import S3Server
from plexica.storage.backend import TenantStorage
from plexica.storage.clients import get_client

ONE = S3Server(
    endpoint_url="http://127.0.0.1:1", access_key="one", secret_key="secret-one", region="eu-west-1"
)


def test_every_call_is_bounded(settings: Settings) -> None:
    settings.S3_SERVERS = {"one": ONE}
    config = get_client("one").meta.config
    assert config.connect_timeout == 3
    assert config.read_timeout == 20
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert config.signature_version == "s3v4"
    assert config.s3["addressing_style"] == "path"
    assert config.region_name == "eu-west-1"


def test_threads_share_one_client_a_server(settings: Settings) -> None:
    settings.S3_SERVERS = {"one": ONE}
    with ThreadPoolExecutor(8) as pool:
        clients = {id(client) for client in pool.map(get_client, ["one"] * 32)}
    assert len(clients) == 1


def test_an_unknown_server_is_refused_in_words(settings: Settings) -> None:
    settings.S3_SERVERS = {}
    with pytest.raises(PermanentError, match="not configured"):
        get_client("one")


def test_a_servers_secret_is_not_printed() -> None:
    assert "secret-one" not in repr(ONE)


@pytest.mark.parametrize("use", ["bucket", "bucket_name", "connection"])
def test_storage_is_refused_without_a_tenant(use: str) -> None:
    storage = TenantStorage()
    with pytest.raises(NoScope):
        getattr(storage, use)
    with platform_scope(), pytest.raises(NoScope, match="belong to a tenant"):
        getattr(storage, use)
