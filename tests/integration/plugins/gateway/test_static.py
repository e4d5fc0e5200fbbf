"""Files of packages: the same for everybody, for ever, and no others."""

import base64
import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from plugins.gateway.static_files import find_file
from plugins.models import Release
from tests.integration.plugins.gateway.conftest import MODULE

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def anybody() -> Client:
    """Somebody who is not logged in."""
    return Client(headers={"host": "acme.localhost"})


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("hello.js", "text/javascript; charset=utf-8"),
        ("css/hello.css", "text/css; charset=utf-8"),
        ("readme.html", "application/octet-stream"),
    ],
)
def test_a_file_is_kept_for_ever(
    anybody: Client, release: Release, name: str, content_type: str
) -> None:
    answer = anybody.get(f"/x-static/{release.digest}/{name}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == content_type
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get("Vary") == "Accept-Encoding"
    assert not answer.cookies
    assert answer["Content-Disposition"].startswith(
        "attachment" if content_type == "application/octet-stream" else "inline"
    )


def test_its_integrity_is_that_of_its_bytes(anybody: Client, release: Release) -> None:
    assert body(anybody.get(f"/x-static/{release.digest}/hello.js")) == MODULE
    digest = base64.b64encode(hashlib.sha384(MODULE).digest()).decode()
    assert find_file(release.digest, "hello.js").integrity == f"sha384-{digest}"


@pytest.mark.parametrize(
    "path",
    [
        "{digest}/other.js",
        "{digest}/../../settings.py",
        "{digest}/%2e%2e/%2e%2e/x",
        "{digest}/css",
        "{digest}/plexica-plugin.toml",
        "{digest}/wheels/hello-0.1.0-py3-none-any.whl",
        "0000000000000000000000000000000000000000000000000000000000000000/hello.js",
        "nonsense/hello.js",
    ],
)
def test_nothing_else_is_there(anybody: Client, release: Release, path: str) -> None:
    assert anybody.get(f"/x-static/{path.format(digest=release.digest)}").status_code == 404


def test_it_is_unpacked_again_when_it_is_gone(anybody: Client, release: Release) -> None:
    address = f"/x-static/{release.digest}/hello.js"
    assert anybody.get(address).status_code == 200
    shutil.rmtree(Path(settings.PLEXICA_PLUGIN_STATIC_DIR))
    assert body(anybody.get(address)) == MODULE
    assert not list(Path(settings.PLEXICA_PLUGIN_STATIC_DIR).glob(".*"))
