"""What a proxy says is believed from our own proxies only."""

from ipaddress import ip_network
from typing import Any

from pytest_django import Settings

from plexica.core import forwarded


def seen(remote: str) -> set[str]:
    """Return which of such headers the application sees."""
    found: dict[str, Any] = {}

    def application(environ: dict[str, Any], _start: object) -> list[bytes]:
        found.update(environ)
        return []

    forwarded.only_from_proxies(application)(
        {
            "REMOTE_ADDR": remote,
            "HTTP_HOST": "acme.example.com",
            "HTTP_X_FORWARDED_FOR": "203.0.113.9",
            "HTTP_X_FORWARDED_PROTO": "https",
            "HTTP_FORWARDED": "for=203.0.113.9",
        },
        lambda *_: None,
    )
    return {name for name in found if "FORWARDED" in name}


def test_the_proxys_network_is_believed_and_no_other(settings: Settings) -> None:
    settings.PLEXICA_PROXY_NETWORKS = [ip_network("10.0.0.0/24")]
    assert len(seen("10.0.0.7")) == 3
    assert seen("10.0.1.7") == set()
    assert seen("") == set()


def test_without_networks_all_are_believed(settings: Settings) -> None:
    settings.PLEXICA_PROXY_NETWORKS = []
    assert len(seen("10.0.1.7")) == 3
