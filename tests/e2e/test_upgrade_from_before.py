"""The version before makes a tenant with people and files; one command of this one takes it over.

The version before is the newest tag, or, where there is none, the code before the last change of
what tenants have in their schemas. It runs from its own checkout, on servers of its own.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from playwright.sync_api import Browser, expect

from deploy.local.instance import CHECKOUT
from deploy.local.ports import Ports
from tests.e2e.api import Api, fetch_token
from tests.e2e.people import Person, invitation_link

OWNER = "ada@acme.example"
SECONDS = 900


def git(*words: str) -> bytes:
    """Ask git about this checkout."""
    done = subprocess.run(  # noqa: S603 # our own words
        ["git", *words],  # noqa: S607 # whichever there is
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def version_before() -> str:
    """Return the commit whose data this version has to take over."""
    tags = git("tag", "--merged", "HEAD^", "--sort=-creatordate").decode().split()
    if tags:
        return tags[0]
    apps = [f"plexica/{app}/migrations/*.py" for app in ("identity", "rbac", "audit")]
    changed = git("log", "-n1", "--format=%H", "--diff-filter=A", "--", *apps).decode().strip()
    return f"{changed}^"


@dataclass(frozen=True)
class Platform:
    """A platform of `make up`, run by the code of one checkout or another."""

    home: Path
    ports: Ports

    def run(self, code: Path, *words: str) -> str:
        """Give a command of a checkout, as `make` would."""
        done = subprocess.run(  # noqa: S603 # our own words
            [sys.executable, "-m", "deploy.local", *words],
            cwd=code,
            env=self._environment(code),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    def credentials(self) -> dict[str, Any]:
        """Return what `make up` says."""
        found: dict[str, Any] = json.loads((self.home / "credentials.json").read_text("utf-8"))
        return found

    def _environment(self, code: Path) -> dict[str, str]:
        given = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PLEXICA", "KEYCLOAK", "S3_", "DATABASE", "REDIS", "CELERY"))
            and name != "DJANGO_SETTINGS_MODULE"
        }
        ports = {
            Ports.variable(each.name): str(getattr(self.ports, each.name)) for each in fields(Ports)
        }
        return (
            given
            | ports
            | {
                "PLEXICA_HOME": str(self.home),
                "PLEXICA_TOOLS": str(CHECKOUT / ".plexica" / "tools"),
                "PYTHONPATH": f"{code}:{code / 'sdk' / 'src'}",
            }
        )


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """A checkout of the version before, with the front end that this one has built."""
    code = tmp_path / "before"
    code.mkdir()
    with tarfile.open(fileobj=BytesIO(git("archive", version_before()))) as archive:
        archive.extractall(code, filter="data")
    shutil.copytree(CHECKOUT / "static" / "vendor", code / "static" / "vendor")
    (code / "node_modules").mkdir()
    stamp = CHECKOUT / "node_modules" / ".plexica-built"
    if stamp.exists():
        shutil.copy(stamp, code / "node_modules")
    return code


@pytest.fixture
def platform_apart(tmp_path: Path, before: Path) -> Iterator[Platform]:
    """A platform that nothing else uses, gone afterwards."""
    apart = Platform(tmp_path / "home", Ports.free())
    yield apart
    apart.run(CHECKOUT, "reset", "--yes")


@pytest.mark.prove
@pytest.mark.timeout(2 * SECONDS)
def test_a_tenant_of_the_version_before_goes_on(
    platform_apart: Platform, before: Path, browser: Browser
) -> None:
    platform_apart.run(before, "up")
    at = platform_apart.credentials()
    made = _api(at).create({"slug": "acme", "name": "Acme", "owner_email": OWNER}, Prefer="wait=60")
    assert made.status_code == requests.codes.created, made.text
    workspace = at["console_url"].replace("//", "//acme.")
    ada = Person(browser)
    ada.accept_invitation(invitation_link(at["mail_url"], OWNER, realm="acme"))
    ada.page.goto(f"{workspace}/")
    ada.log_in(OWNER)
    expect(ada.page).to_have_url(f"{workspace}/")
    ada.context.close()
    # That version need not have a page for files, but it has the bucket.
    _bucket(platform_apart).put_object(Key="report.txt", Body=b"of before")
    platform_apart.run(before, "down")

    told = platform_apart.run(CHECKOUT, "up")

    assert "Tenants brought to this version" in told
    answer = requests.get(f"{at['console_url']}/health", timeout=30)
    assert answer.status_code == requests.codes.ok
    tenant = _api(at).get(f"{at['console_url']}/api/tenants/acme").json()
    assert (tenant["id"], tenant["state"]) == (made.json()["tenant"]["id"], "ACTIVE")
    platform_apart.run(
        CHECKOUT, "run", "--as", "provisioner", "--", "python", "manage.py", "tenant", "upgrade"
    )
    ada = Person(browser)
    ada.page.goto(f"{workspace}/")
    ada.log_in(OWNER)
    expect(ada.page).to_have_url(f"{workspace}/")
    ada.page.goto(f"{workspace}/files/")
    expect(ada.page.get_by_role("heading", name="Files", exact=True).first).to_be_visible()
    assert ada.problems == []
    kept = _bucket(platform_apart).Object("report.txt").get()["Body"].read()
    assert kept == b"of before"


def _api(at: dict[str, Any]) -> Api:
    token = fetch_token(at["token_url"], at["api_client_id"], at["api_client_secret"])
    return Api(at["console_url"], token)


def _bucket(platform: Platform) -> Any:
    secrets = json.loads((platform.home / "secrets.json").read_text("utf-8"))
    return boto3.resource(
        "s3",
        endpoint_url=platform.credentials()["s3_endpoint_url"],
        aws_access_key_id=secrets["s3_access_key"],
        aws_secret_access_key=secrets["s3_secret_key"],
        region_name="us-east-1",
    ).Bucket("plexica-acme")
