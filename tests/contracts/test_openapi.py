"""The API's description is committed, so that every change of the API is seen in review."""

import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

from plexica.console.api_urls import urlpatterns as staff_patterns
from plexica.workspace.api.urls import urlpatterns as workspace_patterns
from plugins.api.urls import urlpatterns as plugin_patterns
from plugins.host_api.urls import urlpatterns as host_patterns
from tenants.api.urls import urlpatterns as console_patterns
from tenants.middleware import INTERNAL_URLCONF

DESCRIPTIONS = Path(__file__).resolve().parents[2] / "docs" / "api"
METHODS = {"get", "post", "patch", "put", "delete"}


@dataclass(frozen=True)
class Site:
    """One of the APIs."""

    urlconf: str
    file: str
    patterns: list[Any]
    operations: int
    options: dict[str, str]
    prefix: str = "/api/"


SITES = [
    Site(
        settings.PUBLIC_SCHEMA_URLCONF,
        "openapi.yaml",
        [*console_patterns, *staff_patterns, *plugin_patterns],
        30,
        {},
    ),
    Site(
        settings.ROOT_URLCONF,
        "workspace.yaml",
        workspace_patterns,
        48,
        {"custom_settings": "plexica.settings.WORKSPACE_SPECTACULAR_SETTINGS"},
    ),
    Site(
        INTERNAL_URLCONF,
        "host.yaml",
        host_patterns,
        9,
        {"custom_settings": "plexica.settings.HOST_SPECTACULAR_SETTINGS"},
        "/api/host/v1/",
    ),
]


# What the local environment alone has is no part of the API (ADR 21).
UNDESCRIBED = {
    "schema",
    "docs",
    "development",
    "developed_plugin",
    "developed_release",
    "developed_installation",
}


@pytest.fixture(scope="module", params=SITES, ids=["console", "workspace", "host"])
def site(request: pytest.FixtureRequest) -> Site:
    found: Site = request.param
    return found


@pytest.fixture(scope="module")
def described(site: Site) -> str:
    """What `make openapi` writes; it fails on warnings and on what OpenAPI's own schema refuses."""
    out = StringIO()
    call_command(
        "spectacular",
        "--validate",
        "--fail-on-warn",
        urlconf=site.urlconf,
        stdout=out,
        **site.options,
    )
    return out.getvalue()


@pytest.fixture(scope="module")
def operations(described: str) -> dict[str, Any]:
    paths = yaml.safe_load(described)["paths"]
    return {
        f"{method} {path}": operation
        for path, item in paths.items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_the_api_changes_only_on_purpose(described: str, site: Site) -> None:
    assert described.strip() == (DESCRIPTIONS / site.file).read_text(encoding="utf-8").strip(), (
        f"The API is not as docs/api/{site.file} describes it. If that is meant: make openapi"
    )


def test_it_is_openapi_3_1_with_a_bearer_token(described: str) -> None:
    schema = yaml.safe_load(described)
    assert schema["openapi"] == "3.1.0"
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_operation_needs_the_token_and_describes_its_problems(
    operations: dict[str, Any], site: Site
) -> None:
    assert len(operations) == site.operations
    for name, operation in operations.items():
        assert operation["security"] == [{"bearer": []}], name
        assert operation["summary"], name
        for status in ("400", "401", "403", "429", "503"):
            content = operation["responses"][status]["content"]
            assert set(content) == {"application/problem+json"}, name


def test_every_address_is_described(described: str, site: Site) -> None:
    routes = {
        site.prefix + re.sub(r"<[a-z]+:([a-z_]+)>", r"{\1}", str(pattern.pattern))
        for pattern in site.patterns
        if pattern.name and pattern.name not in UNDESCRIBED
    }
    assert set(yaml.safe_load(described)["paths"]) == routes
