"""The API's description is committed, so that every change of the API is seen in review."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

from tenants.api.urls import urlpatterns

DESCRIPTION = Path(__file__).resolve().parents[2] / "docs" / "api" / "openapi.yaml"
METHODS = {"get", "post", "patch", "put", "delete"}


@pytest.fixture(scope="module")
def described() -> str:
    """What `make openapi` writes; it fails on warnings and on what OpenAPI's own schema refuses."""
    out = StringIO()
    call_command(
        "spectacular",
        "--validate",
        "--fail-on-warn",
        "--urlconf",
        settings.PUBLIC_SCHEMA_URLCONF,
        stdout=out,
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


def test_the_api_changes_only_on_purpose(described: str) -> None:
    assert described.strip() == DESCRIPTION.read_text(encoding="utf-8").strip(), (
        "The API is not as docs/api/openapi.yaml describes it. If that is meant: make openapi"
    )


def test_it_is_openapi_3_1_with_a_bearer_token(described: str) -> None:
    schema = yaml.safe_load(described)
    assert schema["openapi"] == "3.1.0"
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_operation_needs_the_token_and_describes_its_problems(
    operations: dict[str, Any],
) -> None:
    assert len(operations) == 12
    for name, operation in operations.items():
        assert operation["security"] == [{"bearer": []}], name
        assert operation["summary"], name
        for status in ("400", "401", "403", "503"):
            content = operation["responses"][status]["content"]
            assert set(content) == {"application/problem+json"}, name


def test_every_address_is_described(described: str) -> None:
    routes = {
        f"/api/{pattern.pattern}".replace("<slug:slug>", "{slug}").replace(
            "<uuid:run_id>", "{run_id}"
        )
        for pattern in urlpatterns
        if pattern.name and pattern.name not in {"schema", "docs"}
    }
    assert set(yaml.safe_load(described)["paths"]) == routes
