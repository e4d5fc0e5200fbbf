"""Clients that a generator makes of the OpenAPI documents, without a line written by hand."""

import importlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings

from plexica.core.scope import platform_scope
from tenants.models import Tenant
from tests.e2e.api import fetch_token
from tests.e2e.conftest import App
from tests.e2e.people import PATIENCE_SECONDS, invitation_link
from tests.e2e.programs import fetch_program_token

DOCUMENTS = Path(settings.BASE_DIR) / "docs" / "api"
GENERATOR = Path(sys.executable).with_name("openapi-python-client")
_SLUG = "generated"

Find = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Find]:
    """Generate both clients, and import modules of them."""
    root = tmp_path_factory.mktemp("clients")
    # Else it formats what it has made, by a tool that need not be on the path, and knows no ZIP.
    (root / "config.yaml").write_text(
        "post_hooks: []\ncontent_type_overrides: {application/zip: application/octet-stream}\n",
        encoding="utf-8",
    )
    for document, package in (("openapi", "platform_client"), ("workspace", "workspace_client")):
        done = subprocess.run(  # noqa: S603 (our own documents)
            [
                *(GENERATOR, "generate", "--meta", "none", "--fail-on-warning"),
                *("--path", DOCUMENTS / f"{document}.yaml", "--config", root / "config.yaml"),
                *("--output-path", root / package),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "arning" not in done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root)
        yield importlib.import_module


@pytest.fixture(scope="module")
def platform_client(app: App, generated: Find) -> Any:
    """The generated client of the platform's API, with a program's token."""
    return generated("platform_client").AuthenticatedClient(
        base_url=app.console_url,
        token=fetch_token(app.token_url, app.api_client_id, app.api_client_secret),
        raise_on_unexpected_status=True,
    )


def workspace_client(app: App, tenant: Tenant, generated: Find) -> Any:
    """The generated client of a workspace's API, with the token of a service account there."""
    return generated("workspace_client").AuthenticatedClient(
        # The resolver of this machine knows no names below localhost; browsers do.
        base_url=app.console_url,
        headers={"Host": tenant.workspace_url.split("//")[1]},
        token=fetch_program_token(app, tenant, "admin"),
        raise_on_unexpected_status=True,
    )


def test_a_tenant_is_created_and_somebody_is_invited_to_it(
    app: App, tidy: list[str], generated: Find, platform_client: Any
) -> None:
    tidy.append(_SLUG)
    models = generated("platform_client.models")
    created = generated("platform_client.api.tenants.create_tenant").sync(
        client=platform_client,
        body=models.TenantCreate(slug=_SLUG, name="Generated", owner_email="gil@example.com"),
    )
    assert isinstance(created, models.TenantRun), created
    get_tenant = generated("platform_client.api.tenants.get_tenant")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := get_tenant.sync(_SLUG, client=platform_client)).state != "ACTIVE":
        assert found.state == "PROVISIONING", found
        assert time.monotonic() < deadline
        time.sleep(0.2)

    with platform_scope():
        tenant = Tenant.objects.get(slug=_SLUG)
    client = workspace_client(app, tenant, generated)
    models = generated("workspace_client.models")
    invited = generated("workspace_client.api.people.invite_users").sync_detailed(
        client=client,
        body=models.Invitations(people=[models.Invitee(email="ida@example.com")], roles=["viewer"]),
    )
    assert invited.status_code == HTTPStatus.OK
    assert [each.user.email for each in invited.parsed.results] == ["ida@example.com"]
    assert invitation_link(app.mail_url, "ida@example.com", realm=_SLUG)
    listed = generated("workspace_client.api.people.list_users").sync(client=client)
    assert "ida@example.com" in {person.email for person in listed.results}


def test_a_refusal_is_an_object_too(generated: Find, platform_client: Any) -> None:
    answer = generated("platform_client.api.tenants.create_tenant").sync(
        client=platform_client,
        body=generated("platform_client.models").TenantCreate(
            slug="Not a slug", name="X", owner_email="gil@example.com"
        ),
    )
    assert answer.status == HTTPStatus.BAD_REQUEST
    assert [error.field for error in answer.errors] == ["slug"]
