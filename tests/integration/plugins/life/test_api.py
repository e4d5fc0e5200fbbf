"""The workspace's API and the command: the same services, seen from outside."""

import io
import json
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any, cast

import psycopg
import pytest
from django.core.management import call_command
from pytest_django import Settings

from plexica.storage.clients import get_client
from plugins.lifecycle.database import database_url
from plugins.lifecycle.files import PLUGINS_PREFIX
from plugins.models import Installation, Release
from plugins.states import InstallationState
from tenants.models import Tenant
from tenants.provisioning.engine import run_provisioning
from tests.integration.plugins.life.conftest import FIRST, SECOND, Install, Publish
from tests.integration.workspace.api.conftest import (
    ADA,
    CY,
    Program,
    make_known,
    tokens_of_person,
)

PLUGIN = "/api/plugins/notes"


@pytest.fixture
def programs(acme: Tenant, globex: Tenant) -> tuple[Program, Program]:
    """Ada's and Cy's programs."""
    made = []
    for tenant, email in ((acme, ADA), (globex, CY)):
        make_known(tenant, email, "owner")
        made.append(Program(tenant, tokens_of_person(tenant, email)["access_token"]))
    return made[0], made[1]


def finish() -> None:
    """Work on the run that was begun."""
    for installation in Installation.objects.all():
        assert installation.run is not None
        run_provisioning(installation.run.id)


def test_a_plugin_from_the_catalogue_to_its_end(
    programs: tuple[Program, Program], publish: Publish
) -> None:
    ada, cy = programs
    publish(uses=("users:read",))
    [listed] = ada.get("/api/plugins").json()["results"]
    assert (listed["slug"], listed["offered_version"], listed["installation"]) == (
        "notes",
        "1.0.0",
        None,
    )
    offer = ada.get(PLUGIN).json()["offer"]
    assert offer["uses"] == [{"key": "users:read", "is_new": True}]
    assert [asked["key"] for asked in offer["permissions"]] == ["notes:notes:read"]
    refused = ada.post(f"{PLUGIN}/install", {"uses": []})
    assert refused.status_code == 400
    assert "users:read" in refused.content.decode()
    begun = ada.post(
        f"{PLUGIN}/install",
        {"uses": ["users:read"], "settings": {"greeting": "Ciao", "token": "hunter2"}},
    )
    assert begun.status_code == 202, begun.content
    assert begun["Location"] == PLUGIN
    assert begun.json()["plugin"]["installation"]["state"] == "INSTALLING"
    finish()
    there = ada.get(PLUGIN).json()
    assert there["plugin"]["installation"]["state"] == "ENABLED"
    assert {step["state"] for step in there["details"]["steps"]} == {"DONE"}
    assert there["details"]["settings"] == {"greeting": "Ciao", "colour": None}
    assert there["details"]["secrets"] == {"token": True}
    assert "hunter2" not in json.dumps(there)
    assert cy.get(PLUGIN).json()["plugin"]["installation"] is None
    assert cy.post(f"{PLUGIN}/disable", {}).status_code == 404

    changed = ada.send("PATCH", f"{PLUGIN}/settings", {"settings": {"greeting": None}})
    assert changed.json()["details"]["settings"] == {"greeting": "Hello", "colour": None}
    assert ada.send("PATCH", f"{PLUGIN}/settings", {"settings": {"greeting": 3}}).status_code == 400
    assert ada.post(f"{PLUGIN}/disable", {}).json()["plugin"]["installation"]["state"] == "DISABLED"
    assert ada.post(f"{PLUGIN}/enable", {}).json()["plugin"]["installation"]["state"] == "ENABLED"

    publish("1.1.0", migrations={"0001_notes.sql": FIRST, "0002_colour.sql": SECOND})
    assert ada.get(PLUGIN).json()["plugin"]["has_newer"]
    assert ada.post(f"{PLUGIN}/upgrade", {"uses": []}).status_code == 202
    finish()
    assert ada.get(PLUGIN).json()["plugin"]["installation"]["version"] == "1.1.0"
    assert ada.post(f"{PLUGIN}/uninstall", {"purge": True}).status_code == 202
    finish()
    assert ada.get(PLUGIN).json()["plugin"]["installation"] is None


def test_a_failed_installation_is_dismissed(
    programs: tuple[Program, Program], publish: Publish
) -> None:
    ada, _cy = programs
    publish(migrations={"0001_bad.sql": "HELLO"})
    ada.post(f"{PLUGIN}/install", {"uses": []})
    finish()
    failed = ada.get(PLUGIN).json()["plugin"]["installation"]
    assert (failed["state"], failed["run"]["failed_step"]) == ("FAILED", "migrations")
    assert "0001_bad.sql" in failed["run"]["error"]
    assert ada.post(f"{PLUGIN}/dismiss", {}).status_code == 204
    assert ada.get(PLUGIN).json()["plugin"]["installation"] is None


def test_what_was_never_offered_is_not_told_of(
    programs: tuple[Program, Program], publish: Publish
) -> None:
    ada, _cy = programs
    release = publish()
    Release.objects.filter(pk=release.pk).update(state="REGISTERED")
    assert ada.get("/api/plugins").json()["results"] == []
    assert ada.get(PLUGIN).status_code == 404
    body = {"uses": [], "version": "1.0.0"}
    assert ada.post(f"{PLUGIN}/install", body).status_code == 404


def test_the_command_installs_switches_and_uninstalls(
    acme: Tenant, publish: Publish, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    publish(uses=("mail",))

    def call(*words: str) -> Any:
        call_command("plugin", *words, "--json")
        return json.loads(capsys.readouterr().out)

    with pytest.raises(SystemExit):
        call("install", "notes", "--tenant", "acme", "--here")
    capsys.readouterr()
    done = call(
        "install", "notes", "--tenant", "acme", "--agree", "--set", "greeting=Ciao", "--here"
    )
    assert done["state"] == "SUCCEEDED"
    assert Installation.objects.get().settings == {"greeting": "Ciao"}
    assert call("disable", "notes", "--tenant", "acme")["state"] == InstallationState.DISABLED
    assert call("enable", "notes", "--tenant", "acme")["state"] == InstallationState.ENABLED
    [listed] = call("installations", "--tenant", "acme")
    assert (listed["plugin"], listed["version"]) == ("notes", "1.0.0")
    target = tmp_path / "notes.zip"
    call("export", "notes", "--tenant", "acme", "--file", str(target))
    assert zipfile.is_zipfile(target)
    assert target.stat().st_mode & 0o777 == 0o600
    call("uninstall", "notes", "--tenant", "acme", "--purge", "--here")
    assert call("installations") == []


def test_an_export_has_tables_files_and_settings_and_no_secret(
    acme: Tenant,
    programs: tuple[Program, Program],
    publish: Publish,
    install: Install,
    settings: Settings,
) -> None:
    ada, cy = programs
    publish()
    installation = install(settings={"greeting": "Ciao", "token": "hunter2"})
    with psycopg.connect(database_url(installation)) as session:
        session.execute("INSERT INTO notes VALUES (1, 'milk, \"fresh\"')")
        session.execute('CREATE TABLE "../odd" (id int)')
    for key, body in (
        (f"{PLUGINS_PREFIX}notes/a/b.txt", b"b"),
        (f"{PLUGINS_PREFIX}notes/../../x", b"x"),
    ):
        get_client(acme.s3).put_object(Bucket=acme.bucket, Key=key, Body=body)
    answer = ada.post(f"{PLUGIN}/export", {})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    content = b"".join(cast("Any", answer).streaming_content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        assert {"installation.json", "tables/notes.csv", "files/a/b.txt"} <= names
        assert not any(".." in PurePosixPath(name).parts for name in names)
        assert archive.read("tables/notes.csv") == b'id,words\n1,"milk, ""fresh"""\n'
        assert archive.read("files/a/b.txt") == b"b"
        facts = json.loads(archive.read("installation.json"))
        assert facts["settings"] == {"greeting": "Ciao", "colour": None}
        assert all(b"hunter2" not in archive.read(name) for name in names)
    assert cy.post(f"{PLUGIN}/export", {}).status_code == 404
    settings.PLEXICA_PLUGIN_EXPORT_MB = 0
    assert ada.post(f"{PLUGIN}/export", {}).status_code == 409
    for key in (f"{PLUGINS_PREFIX}notes/a/b.txt", f"{PLUGINS_PREFIX}notes/../../x"):
        get_client(acme.s3).delete_object(Bucket=acme.bucket, Key=key)
