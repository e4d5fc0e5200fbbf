"""Visitors of the platform's staff see what a plugin shows, and change nothing of it."""

from collections.abc import Iterator

import pytest

from tenants.models import SupportVisit, Tenant
from tests.integration.plugins.gateway.backend import RunningBackend
from tests.integration.support.conftest import Staff, form_token, staff_with

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture
def sam() -> Iterator[Staff]:
    """Support: may see workspaces."""
    yield staff_with("support")
    SupportVisit.objects.all().delete()


def test_a_visitor_sees_and_changes_nothing(
    sam: Staff, acme: Tenant, backend: RunningBackend
) -> None:
    workspace = sam.visit(acme)
    page = workspace.get("/x/hello/")
    assert page.status_code == 200
    claims = backend.last.claims
    assert claims["user"]["kind"] == "visitor"
    assert claims["permissions"] == ["hello:notes:read"]

    headers = {"X-CSRFToken": form_token(page.content.decode())}
    for method in ("post", "put", "patch", "delete"):
        refused = getattr(workspace, method)("/x/hello/notes", headers=headers)
        assert refused.status_code == 403
        assert "Nothing can be changed in this visit." in refused.content.decode()
    assert len(backend.seen) == 1
