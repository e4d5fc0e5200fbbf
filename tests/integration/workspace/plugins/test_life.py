"""Switching, upgrading and uninstalling."""

import io
import json
import zipfile
from http import HTTPStatus

import pytest

from plexica.core.scope import platform_scope
from plugins.models import Installation
from plugins.secrets import secret_settings
from plugins.states import InstallationState
from tenants.models import Tenant
from tests.integration.workspace.conftest import Member
from tests.integration.workspace.plugins.conftest import CONSENT, SECRET, Publish, of, page, work


@pytest.mark.usefixtures("installed")
def test_is_disabled_and_enabled_by_plain_forms(acme: Tenant, ada: Member) -> None:
    for action, state in (("disable", "DISABLED"), ("enable", "ENABLED")):
        assert f"/plugins/notes/{action}/" in page(ada.client.get("/plugins/notes/"))
        assert ada.client.get(f"/plugins/notes/{action}/").status_code == 405
        answer = ada.client.post(f"/plugins/notes/{action}/")
        assert answer.headers["Location"] == "/plugins/notes/"
        now = of(acme)
        assert now is not None
        assert now.state == state
    assert "cannot be done to it now" in page(
        ada.client.post("/plugins/notes/enable/", follow=True)
    )


@pytest.mark.usefixtures("installed")
def test_upgrade_shows_what_is_new_and_needs_consent(
    ada: Member, acme: Tenant, publish: Publish
) -> None:
    url = "/plugins/notes/upgrade/"
    assert ada.client.get(url).headers["Location"] == "/plugins/notes/"
    publish("1.1.0", uses=("users:read", "mail"))
    assert "Version 1.1.0 can be had" in page(ada.client.get("/plugins/notes/"))
    text = page(ada.client.get(url))
    assert "Send mail to your people" in text
    assert "Read the names" not in text
    wrong = page(ada.client.post(url, {"version": "1.1.0"}), HTTPStatus.BAD_REQUEST)
    assert "Agree to what it asks for" in wrong
    assert ada.client.post(url, {"version": "1.0.9", "agree": "on"}).status_code == 409
    run = ada.client.post(url, {"version": "1.1.0", "agree": "on"}).headers["Location"]
    work(acme)
    assert "Notes is upgraded" in page(ada.client.get(run))
    now = of(acme)
    assert now is not None
    assert now.release.version == "1.1.0"
    publish("1.2.0", uses=("users:read", "mail"), required=("mailbox", "token", "share"))
    text = page(ada.client.get(url))
    assert 'name="agree"' not in text
    assert "It needs settings that are not there yet" in text
    assert 'name="set_share"' in text
    assert 'name="set_mailbox"' not in text
    wrong = page(ada.client.post(url, {"version": "1.2.0"}), HTTPStatus.BAD_REQUEST)
    assert "This field is required" in wrong
    ada.client.post(url, {"version": "1.2.0", "set_share": "0.5"})
    work(acme)
    now = of(acme)
    assert now is not None
    assert now.release.version == "1.2.0"
    assert now.settings["share"] == 0.5


@pytest.mark.usefixtures("installed")
def test_failed_upgrade_leaves_the_old_version(ada: Member, acme: Tenant, publish: Publish) -> None:
    publish("1.1.0", is_ready=False)
    run = ada.client.post("/plugins/notes/upgrade/", {"version": "1.1.0"}).headers["Location"]
    work(acme)
    text = page(ada.client.get(run))
    assert "The old version is back" in text
    assert "/retry/" not in text
    answer = page(ada.client.post(f"{run}retry/", follow=True))
    assert "Ask for the upgrade again" in answer
    now = of(acme)
    assert now is not None
    assert (now.release.version, now.state) == ("1.0.0", InstallationState.ENABLED)


def test_uninstalled_data_is_kept_taken_over_and_removed(
    ada: Member, acme: Tenant, installed: Installation
) -> None:
    url = "/plugins/notes/uninstall/"
    assert "kept for 30 days" in page(ada.client.get(url))
    for wrong in ({"its_data": "keep", "confirm": "note"}, {"confirm": "notes"}):
        assert ada.client.post(url, wrong).status_code == HTTPStatus.BAD_REQUEST
    run = ada.client.post(url, {"its_data": "keep", "confirm": "notes"}).headers["Location"]
    work(acme)
    assert "Notes is uninstalled" in page(ada.client.get(run))
    text = page(ada.client.get("/plugins/notes/"))
    assert "Its data is kept until" in text
    assert "/plugins/notes/settings/" not in text
    assert ada.client.get("/plugins/notes/settings/").status_code == HTTPStatus.NOT_FOUND
    text = page(ada.client.get("/plugins/notes/install/"))
    assert "The data of before is taken over" in text
    assert 'value="notes@acme.example"' in text
    assert SECRET not in text
    left = {"set_mailbox": "notes@acme.example", "set_greeting": "Hello", "set_pages": "3"}
    left |= {"set_share": "", "set_loud": "on", "set_colour": '"red"', "set_token": ""}
    ada.client.post("/plugins/notes/install/", CONSENT | left)
    work(acme)
    now = of(acme)
    assert now is not None
    assert (now.pk, now.state) == (installed.pk, InstallationState.ENABLED)
    with platform_scope():
        assert secret_settings(installation=now) == {"token": SECRET}
    ada.client.post(url, {"its_data": "keep", "confirm": "notes"})
    work(acme)
    assert "for good" in page(ada.client.get(url))
    run = ada.client.post(url, {"confirm": "notes"}).headers["Location"]
    work(acme)
    assert of(acme) is None
    text = page(ada.client.get(run))
    assert "Notes is uninstalled" in text
    assert "See all plugins" in text


@pytest.mark.usefixtures("installed")
def test_purged_at_once(ada: Member, acme: Tenant) -> None:
    ada.client.post("/plugins/notes/uninstall/", {"its_data": "purge", "confirm": "notes"})
    work(acme)
    assert of(acme) is None


@pytest.mark.usefixtures("installed")
def test_its_data_is_taken_along_before(ada: Member, acme: Tenant) -> None:
    assert 'action="/plugins/notes/export/"' in page(ada.client.get("/plugins/notes/uninstall/"))
    answer = ada.client.post("/plugins/notes/export/")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="acme-notes.zip"'
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined] # it is a file
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        facts = json.loads(archive.read("installation.json"))
    assert facts["settings"]["mailbox"] == "notes@acme.example"
    assert SECRET.encode() not in content
    ada.client.post("/plugins/notes/uninstall/", {"its_data": "keep", "confirm": "notes"})
    work(acme)
    for path in ("/plugins/notes/", "/plugins/notes/uninstall/"):
        assert 'action="/plugins/notes/export/"' in page(ada.client.get(path))
    assert ada.client.post("/plugins/notes/export/").headers["Content-Type"] == "application/zip"
    Installation.objects.update(purge_after=None)
    text = page(ada.client.post("/plugins/notes/export/", follow=True))
    assert "Only a plugin that is installed can be exported." in text
