"""A whole platform is lost, servers and all, and comes back from one archive and its key."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from deploy.local import control
from deploy.local.instance import Instance
from deploy.local.launcher import Launcher
from plexica.backup.archive.keys import new_identity
from tests.environment import ROOT

pytestmark = [pytest.mark.prove, pytest.mark.timeout(1800)]

FILL = """
from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.storage.clients import get_client
from tenants.models import Tenant
from tests.integration.identity.browser import set_password
with platform_scope():
    tenant = Tenant.objects.get(slug="lost")
    set_password(tenant, "ada@lost.example")
    get_client(tenant.s3).put_object(Bucket=tenant.bucket, Key="a", Body=b"hello")
    User.objects.create(issuer="https://elsewhere.example", subject="staff", email="s@example.com")
"""
LOOK = """
import json
from plexica.core.scope import platform_scope
from plexica.identity.models import User
from plexica.storage.clients import get_client
from tenants.models import Tenant
from tests.integration.identity.browser import Browser, host_of
with platform_scope():
    tenant = Tenant.objects.get(slug="lost")
    body = get_client(tenant.s3).get_object(Bucket=tenant.bucket, Key="a")["Body"].read()
    staff = User.objects.filter(subject="staff").count()
    pk = str(tenant.pk)
browser = Browser(host_of(tenant.workspace_url))
status = browser.log_in("ada@lost.example").status_code
page = browser.client.get("/").status_code
print(json.dumps([pk, body.decode(), staff, status, page]))
"""


class Place:
    """A platform without processes of its own, and what runs beside its servers."""

    def __init__(self, root: Path) -> None:
        self.instance = Instance.for_tests(root)
        self.environment: dict[str, str] = {}

    def begin(self) -> None:
        """Have empty servers, set up as on the first day."""
        control.reset(self.instance)
        self.environment = control.start_servers(self.instance)
        for command in ("prepare_database", "migrate", "prepare_keycloak"):
            Launcher(self.instance).manage(command, environment=self.environment)
        # Pages are served without collected files.
        self.environment |= {"PLEXICA_ENVIRONMENT": "test", "PATH": os.environ["PATH"]}

    def manage(self, *arguments: str) -> str:
        """Run a command."""
        return self._run("manage.py", *arguments)

    def inside(self, code: str) -> str:
        """Run some code as the platform's own."""
        return self._run("-c", f"import django; django.setup()\n{code}")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env={**self.environment, "DJANGO_SETTINGS_MODULE": "plexica.settings"},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture
def place() -> Iterator[Place]:
    """Have a place for a platform, and leave nothing there."""
    found = Place(ROOT.parent / "lost")
    yield found
    control.reset(found.instance)


def test_a_platform_that_is_lost_comes_back(place: Place, tmp_path: Path) -> None:
    secret, public = new_identity()
    (tmp_path / "key").write_text(f"{secret}\n")
    opening = ["--identity", str(tmp_path / "key"), "--foreign"]
    place.begin()
    place.manage("tenant", "create", "lost", "--owner", "ada@lost.example", "--here")
    place.inside(FILL)
    before = json.loads(place.inside(LOOK))
    place.manage("backup", "create", "--to", str(tmp_path), "--recipient", public)
    (archive,) = tmp_path.glob("*.plexica")

    # All servers, all data and all secrets are gone.
    place.begin()
    said = place.manage("backup", "restore", str(archive), *opening)
    assert "lost is active" in said

    assert json.loads(place.inside(LOOK)) == before
    assert before[1:] == ["hello", 1, 302, 200]
