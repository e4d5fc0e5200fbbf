"""What is missing or wrong in the environment stops a process at start, and says what it is."""

import os
import subprocess
import sys
from secrets import token_urlsafe

import pytest
from django.core.exceptions import ImproperlyConfigured

from deploy.local.instance import CHECKOUT
from plexica.settings.instruments import Listen, listen_range, ratio

_SAY = """
import plexica.settings as s
print(s.DEBUG, s.IS_SECURE)
print(s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_NAME, s.CSRF_COOKIE_SECURE,
    getattr(s, "SESSION_COOKIE_DOMAIN", "no-domain"),
    getattr(s, "CSRF_TRUSTED_ORIGINS", "no-trusted-origin"))
"""


def _start(**changes: str | None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PLEXICA_ENVIRONMENT": "production", "PLEXICA_SCHEME": "https"}
    for name, value in changes.items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    return subprocess.run(  # noqa: S603 (the tests' own words)
        [sys.executable, "-c", _SAY],
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_nothing_is_to_be_said_against_deploying_it() -> None:
    # As long as those that are made for production.
    environment = {
        **os.environ,
        "PLEXICA_ENVIRONMENT": "production",
        "PLEXICA_SCHEME": "https",
        "PLEXICA_SECRET_KEY": token_urlsafe(48),
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "DEBUG"],
        env=environment,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_production_starts_with_all_that_it_needs_and_never_in_debug_mode() -> None:
    done = _start(PLEXICA_DEBUG="1")
    assert done.stdout.splitlines()[0] == "False True", done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLEXICA_SECRET_KEY", None),
        ("PLEXICA_SECRET_KEY", "short"),
        ("PLEXICA_ENCRYPTION_KEYS", None),
        ("DATABASE_URL", None),
        ("DATABASE_URL", "mysql://u:p@h/d"),
        ("REDIS_URL", None),
        ("KEYCLOAK_URL", None),
        ("PLEXICA_INTERNAL_URL", None),
        ("PLEXICA_CONSOLE_CLIENT_SECRET", "changeme"),
        ("S3_SECRET_KEY", None),
        ("PLEXICA_ENVIRONMENT", "staging"),
        ("PLEXICA_SCHEME", "ftp"),
        ("PLEXICA_BASE_DOMAIN", "Not A Domain"),
        ("PLEXICA_DATABASE_ROLE_PREFIX", "a" * 21),
        ("PLEXICA_BUCKET_PREFIX", "a" * 31),
    ],
)
def test_a_start_without_it_fails_and_names_it(name: str, value: str | None) -> None:
    done = _start(**{name: value})
    assert done.returncode != 0
    last_line = done.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last_line
    assert name in last_line
    if value and "SECRET" in name:
        assert value not in last_line


def test_cookies_are_bound_to_their_host_in_production() -> None:
    # A browser takes such a name only with Secure, the path / and without a domain.
    done = _start()
    assert done.stdout.splitlines()[1] == (
        "__Host-session True __Host-csrf True no-domain no-trusted-origin"
    ), done.stderr


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", None),
        ("127.0.0.1:9464", Listen("127.0.0.1", range(9464, 9465))),
        ("0.0.0.0:9464-9467", Listen("0.0.0.0", range(9464, 9468))),  # noqa: S104 # a value
    ],
)
def test_an_address_to_listen_on_has_one_port_or_a_range(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: Listen | None
) -> None:
    monkeypatch.setenv("PLEXICA_TEST", value)
    assert listen_range("PLEXICA_TEST") == expected


@pytest.mark.parametrize("value", ["9464", "host:", "host:0", "host:9467-9464", "host:99999"])
def test_other_addresses_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PLEXICA_TEST", value)
    with pytest.raises(ImproperlyConfigured, match="PLEXICA_TEST"):
        listen_range("PLEXICA_TEST")


@pytest.mark.parametrize("value", ["-0.1", "1.1"])
def test_a_ratio_is_from_nothing_to_all(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PLEXICA_TEST", value)
    with pytest.raises(ImproperlyConfigured, match="PLEXICA_TEST"):
        ratio("PLEXICA_TEST", default=0.5)
