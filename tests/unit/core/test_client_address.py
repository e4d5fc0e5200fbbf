"""The address that limits count by cannot be chosen by whoever is limited."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from plexica.core.client_address import client_address


def address(remote: str, forwarded: str = "") -> str:
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})
    request.META["REMOTE_ADDR"] = remote
    return client_address(request)


def test_without_a_proxy_the_header_is_not_believed(settings: Settings) -> None:
    settings.PLEXICA_TRUSTED_PROXIES = 0
    assert address("192.0.2.1", "203.0.113.9") == "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        (2, "1.2.3.4, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.2"),
        (1, "", "10.0.0.2"),
        (1, "junk", "unknown"),
    ],
)
def test_behind_proxies_only_what_they_added_counts(
    settings: Settings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.PLEXICA_TRUSTED_PROXIES = proxies
    assert address("10.0.0.2", forwarded) == expected


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", "unknown"),
    ],
)
def test_one_network_of_ipv6_is_one_address(remote: str, expected: str) -> None:
    assert address(remote) == expected
